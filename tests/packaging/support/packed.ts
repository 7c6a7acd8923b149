/** The package as npm would publish it, and what its `exports` say. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

import { build } from 'esbuild'
import ts from 'typescript'

const PACKAGE = resolve(import.meta.dirname, '../../../pkg')

export interface Packed {
  /** A folder of its own outside the checkout, so that nothing of the checkout is found by accident. */
  folder: string
  tarball: string
  name: string
  /** What a page, or a tool, imports. */
  entries: readonly Entry[]
  remove(): void
}

export interface Entry {
  /** As one writes it: `@aetherterm/telemetry/vue`. */
  specifier: string
  /** In `exports`: `./vue`. */
  subpath: string
  /** In the package: `./dist/vue.js`. */
  file: string
  /** Packages that must be there for it, now or when it is used. */
  needs: readonly string[]
  /** Packages that its types name: those of {@link needs}, and perhaps more. */
  typesNeed: readonly string[]
  /** For tools, not for pages: uses modules of Node, or a package that is installed along, which nothing for pages needs. */
  tool: boolean
}

interface Manifest {
  name: string
  exports: Record<string, string | { types?: string; import?: string; default?: string }>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** Packs `pkg` and unpacks it again. */
export async function pack(): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), 'aether-packaging-'))
  const [{ filename }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: PACKAGE, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  ) as [{ filename: string }]
  const tarball = join(folder, filename)
  execFileSync('tar', ['xzf', tarball, '-C', folder])
  const root = join(folder, 'package')
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const entries: Entry[] = []
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    const file = typeof target === 'string' ? target : (target.import ?? target.default)
    if (!file?.endsWith('.js')) continue
    const outside = await importsOf(join(root, file))
    const needs = outside.filter((name) => !builtin(name)).map(packageOf)
    const tool = outside.some((name) => builtin(name) || manifest.dependencies?.[packageOf(name)])
    const typesNeed = typeof target === 'string' || !target.types ? [] : typeImportsOf(join(root, target.types)).map(packageOf)
    const undeclared = [...needs, ...typesNeed].filter((name) => !manifest.dependencies?.[name] && !manifest.peerDependencies?.[name])
    if (undeclared.length) throw new Error(`${file} imports ${undeclared.join(', ')}, which package.json does not name`)
    entries.push({ specifier: manifest.name + subpath.slice(1), subpath, file, needs: [...new Set(needs)], typesNeed: [...new Set(typesNeed)], tool })
  }
  return { folder, tarball, name: manifest.name, entries, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/** What the file and all that it brings along import from outside the package. */
async function importsOf(file: string): Promise<string[]> {
  const { metafile } = await build({ entryPoints: [file], bundle: true, format: 'esm', packages: 'external', platform: 'node', write: false, outdir: '/', metafile: true, logLevel: 'error' })
  return Object.values(metafile.inputs).flatMap(({ imports }) => imports.flatMap(({ path, external }) => (external ? [path] : [])))
}

/** The same of declarations. */
function typeImportsOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return []
  seen.add(file)
  const specifiers = ts.preProcessFile(readFileSync(file, 'utf8')).importedFiles.map(({ fileName }) => fileName)
  return specifiers.flatMap((specifier) => (specifier.startsWith('.') ? typeImportsOf(join(dirname(file), specifier.replace(/\.js$/, '.d.ts')), seen) : [specifier]))
}

const builtin = (specifier: string): boolean => builtinModules.includes(specifier.replace('node:', '').split('/')[0]!)

const packageOf = (specifier: string): string => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')

/** Applications made from the templates in `apps`, each installed by itself: none finds what another has. */
import { type ExecFileSyncOptions, execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

import type { Entry, Packed } from './packed'

const APPS = resolve(import.meta.dirname, '../apps')

export interface App {
  folder: string
  /** The subpaths of the package that this application can import. */
  entries: readonly Entry[]
  run(program: string, ...args: string[]): string
}

/** Copies the template, and installs what it names and the package; `more` on top of that. */
export function create(packed: Packed, name: string, more: string[] = []): App {
  const folder = join(packed.folder, [name, ...more.map(() => 'more')].join('-'))
  cpSync(join(APPS, name), folder, { recursive: true })
  const run = (program: string, ...args: string[]) => runIn(folder, program, args)
  run('npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', packed.tarball, ...more)
  const entries = packed.entries.filter(({ needs, tool }) => !tool && needs.every((one) => existsSync(join(folder, 'node_modules', one))))
  return { folder, entries, run }
}

/** Writes a module that imports every subpath there is, so that none is proved by the few that an application needs. */
export function writeAll(app: App, file: string, entries = app.entries): void {
  const lines = entries.map(({ specifier }, index) => `import * as all${index} from '${specifier}'`)
  const names = entries.map(({ subpath }, index) => `  '${subpath}': Object.keys(all${index}),`)
  writeFileSync(join(app.folder, file), [...lines, 'Object.assign(globalThis, { all: {', ...names, '} })', 'export {}', ''].join('\n'))
}

function runIn(cwd: string, program: string, args: string[]): string {
  // As outside: nothing of the runner's environment leads back here.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_|VITE|TEST_|PLAYWRIGHT|FORCE_COLOR|INIT_CWD)/i.test(name)))
  const options: ExecFileSyncOptions = { cwd, env: { ...env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 64 << 20 }
  try {
    return execFileSync(program, args, options).toString()
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: Buffer; stderr?: Buffer }
    throw new Error(`\`${program} ${args.join(' ')}\` failed in ${cwd}:\n${stdout}${stderr}`, { cause: error })
  }
}

/** Replaces what `pattern` finds in a file of the application; there must be something. */
export function edit(app: App, file: string, pattern: string, replacement: string): void {
  const path = join(app.folder, file)
  const text = readFileSync(path, 'utf8')
  if (!text.includes(pattern)) throw new Error(`${file} has no ${pattern}`)
  writeFileSync(path, text.replace(pattern, () => replacement))
}

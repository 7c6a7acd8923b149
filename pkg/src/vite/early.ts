/**
 * The engine's chunk of a built page: compiled beside the main thread and, if wanted, asked for while the page's own scripts are.
 * Without that a page asks for it when its own code has run, and compiles each of its functions when it is called first.
 */
import type { HtmlTagDescriptor, Rollup } from 'vite';

type Bundle = Rollup.OutputBundle;
type Chunk = Rollup.OutputChunk;

/** What loads the engine, by the names of files in `dist/`: `/core` and what is built on it, and `/everything`. */
const ENGINES = ['start.js', 'rest.js'];
/** Chromium compiles all functions of a file that begins with it, while it arrives; others take it for a comment. */
const HINT = '//# allFunctionsCalledOnLoad\n';

const forward = (path: string): string => path.replaceAll('\\', '/');

/** The folder of a file whose URL this is, as bundlers name it: with `/` in between and at the end. */
export const folderOf = (url: string): string => decodeURI(new URL('.', url).pathname).replace(/^\/(?=[A-Za-z]:)/, '');

/** Whether that module is a file of this package. */
export const isOurs = (id: string, folder: string): boolean => forward(id).startsWith(folder);

const chunkOf = (bundle: Bundle, file: string): Chunk | undefined => {
  const found = bundle[file];
  return found?.type === 'chunk' ? found : undefined;
};

/** A file and all that it imports statically. */
const closure = (bundle: Bundle, file: string, found = new Set<string>()): Set<string> => {
  if (found.has(file)) return found;
  found.add(file);
  for (const imported of chunkOf(bundle, file)?.imports ?? []) closure(bundle, imported, found);
  return found;
};

const isEngine = (chunk: Chunk | undefined, folder: string): boolean =>
  !!chunk?.facadeModuleId && ENGINES.some((name) => forward(chunk.facadeModuleId!) === folder + name);

/**
 * Tags that have the engine asked for with the page whose script is `entry`; none if that has no telemetry. The engine's address is
 * that of a script which the page names with another file's name, so it follows `base` and whatever else Vite makes addresses of.
 *
 * @param folder Where the package's files are.
 */
export const preloads = (html: string, bundle: Bundle, entry: string, folder: string): HtmlTagDescriptor[] => {
  const first = closure(bundle, entry);
  const files = new Set<string>();
  let prefix: string | undefined;
  for (const file of first) {
    // An entry that only imports is not in the page itself, but what it imports is.
    const at = html.indexOf(file);
    prefix ??= at < 0 ? undefined : /\ssrc=["']?([^"'\s>]*)$/.exec(html.slice(0, at))?.[1];
    for (const later of chunkOf(bundle, file)?.dynamicImports ?? []) {
      if (isEngine(chunkOf(bundle, later), folder)) closure(bundle, later, files);
    }
  }
  if (prefix === undefined) return [];
  return [...files]
    .filter((file) => !first.has(file))
    .map((file) => ({
      tag: 'link',
      // What the page shows comes first.
      attrs: { rel: 'modulepreload', crossorigin: true, fetchpriority: 'low', href: prefix + file },
      injectTo: 'head',
    }));
};

/** Has the chunks that are nothing but the engine and what it needs compiled early; their source maps move along. */
export const hint = (bundle: Bundle, folder: string): void => {
  for (const chunk of Object.values(bundle)) {
    if (chunk.type !== 'chunk' || !isEngine(chunk, folder)) continue;
    // Vite's own helpers are no files.
    if (!chunk.moduleIds.every((id) => id.startsWith('\0') || isOurs(id, folder))) continue;
    chunk.code = HINT + chunk.code;
    if (chunk.map) chunk.map.mappings = `;${chunk.map.mappings}`;
    const map = chunk.sourcemapFileName ? bundle[chunk.sourcemapFileName] : undefined;
    if (map?.type === 'asset') {
      const content = JSON.parse(String(map.source)) as { mappings: string };
      map.source = JSON.stringify({ ...content, mappings: `;${content.mappings}` });
    }
  }
};

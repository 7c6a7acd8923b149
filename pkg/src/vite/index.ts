/** `@aetherterm/telemetry/vite`: a plugin for Vite. It runs while an application is built, and is no part of it. */
import type { Plugin } from 'vite';
import { carry } from './carry.js';
import { eager } from './eager.js';
import { folderOf, hint, isOurs, preloads } from './early.js';
import type { Node } from './nodes.js';

/** Parts of a file's path (with `/` in between on every system), or patterns that it matches. */
export type FileRules = string | RegExp | readonly (string | RegExp)[];

/** Which files are rewritten. */
export interface AwaitOptions {
  /** Files to rewrite in addition to the application's own, which are all outside `node_modules`; for example `'/node_modules/@acme/'`. */
  include?: FileRules;
  /** Files to leave as they are; it wins over `include`. */
  exclude?: FileRules;
}

/** Options of {@link telemetry}. */
export interface TelemetryPluginOptions {
  /**
   * Whether the current context survives `await` in the application's code: `async` functions, arrow functions,
   * methods and generators, `for await`, and `await` at the top of a module. Default `true`.
   */
  await?: boolean | AwaitOptions;
  /**
   * Whether built pages ask for the engine along with their own scripts (`<link rel="modulepreload">`, at low priority), instead
   * of when these have run. On slow networks the first telemetry leaves a round trip earlier, and the page's own scripts share the
   * line with it. Pages that load telemetry by `import()` ask for it when they do. Default `false`; nothing is added where Vite's
   * `build.modulePreload` is `false`.
   */
  preload?: boolean;
  /**
   * Whether a built page's telemetry is compiled while it arrives, beside the main thread, instead of each function when it is called
   * first: the engine's file begins with `//# allFunctionsCalledOnLoad` for Chromium, and functions of this package that are in a
   * file with the page's own are in parentheses, if what minifies leaves them there. Default `true`.
   */
  compileEarly?: boolean;
}

const HELPER = '@aetherterm/telemetry/core';
const SCRIPT = /\.(?:[cm]?[jt]sx?|vue|svelte|astro)$/;

const matches = (file: string, rules: FileRules = []): boolean =>
  (Array.isArray(rules) ? (rules as readonly (string | RegExp)[]) : [rules as string | RegExp]).some((rule) =>
    typeof rule === 'string' ? file.includes(rule) : file.search(rule) >= 0,
  );

/** Whether a module is to be rewritten; ids of modules that are no files, and of styles in components, are not. */
export const concerns = (id: string, { include, exclude }: AwaitOptions): boolean => {
  const [path = '', query = ''] = id.split('?');
  const file = path.replaceAll('\\', '/');
  if (file.startsWith('\0') || !SCRIPT.test(file) || /(?:^|&)(?:raw|url|type=(?:style|template))\b/.test(query)) return false;
  return (!file.includes('/node_modules/') || matches(file, include)) && !matches(file, exclude);
};

/**
 * Whether Vite is to prepare what is imported, together with the rest of this package. Nobody imports it by name, so
 * Vite would only find it, and start over, when the page asks for it. Linked packages are served as they are.
 */
export const prepares = (self: string, excluded: readonly string[] = []): boolean =>
  self.includes('/node_modules/') && !excluded.some((name) => HELPER.startsWith(name));

/** A name that begins with `name` and that `code` does not have. */
const free = (code: string, name: string): string => {
  while (code.includes(name)) name += '$';
  return name;
};

/**
 * The plugin. Its place among the others does not matter.
 *
 * @example
 * // vite.config.ts
 * import { telemetry } from '@aetherterm/telemetry/vite';
 * export default defineConfig({ plugins: [vue(), telemetry()] });
 */
export const telemetry = ({ await: rule = true, preload = false, compileEarly = true }: TelemetryPluginOptions = {}): Plugin => {
  const folder = folderOf(import.meta.url);
  let links = preload;
  let ssr = false;
  let building = true;
  return {
    name: 'aetherterm:telemetry',
    // When TypeScript, JSX and components have become JavaScript.
    enforce: 'post',
    config({ optimizeDeps }) {
      return rule && prepares(import.meta.url, optimizeDeps?.exclude) ? { optimizeDeps: { include: [HELPER] } } : undefined;
    },
    configResolved({ build, command }) {
      building = command === 'build';
      links = preload && build.modulePreload !== false;
      ssr = !!build.ssr;
    },
    transform(code, id, options) {
      // On a server that renders nothing is recorded.
      if (options?.ssr) return null;
      if (isOurs(id, folder)) {
        const text = compileEarly && building && eager(code, this.parse(code) as unknown as Node);
        return text ? { code: text.toString(), map: text.generateMap({ source: id, hires: 'boundary' }) } : null;
      }
      if (!rule || !/\basync\b|\bawait\b/.test(code) || !concerns(id, rule === true ? {} : rule)) return null;
      const make = free(code, '__aetherSuspension');
      const text = carry(code, this.parse(code) as unknown as Node, make, free(code, '__aether'), (message, position) => this.warn(message, position));
      if (!text) return null;
      // Imports hold for the whole module, wherever they stand.
      text.append(`\nimport { suspension as ${make} } from ${JSON.stringify(HELPER)};\n`);
      return { code: text.toString(), map: text.generateMap({ source: id, hires: 'boundary' }) };
    },
    transformIndexHtml: {
      order: 'post',
      // While developing there is no bundle.
      handler: (html, { bundle, chunk }) => (links && bundle && chunk ? preloads(html, bundle, chunk.fileName, folder) : []),
    },
    generateBundle: {
      // What minifies is done.
      order: 'post',
      handler(_options, bundle) {
        // Vite 5 has no environments, and says so in the configuration.
        const server = this.environment ? this.environment.config.consumer === 'server' : ssr;
        if (compileEarly && !server) hint(bundle, folder);
      },
    },
  };
};

// Applications whose telemetry is measured, and the most brotli bytes each may load for it.

const PACKAGE = './dist';

/** An application with just these instrumentations: `[subpath, factory, options]`. */
const application = (first, later = []) =>
  [
    `import { createTelemetry, lazy } from '${PACKAGE}/core.js';`,
    ...first.map(([path, name]) => `import { ${name} } from '${PACKAGE}/${path}.js';`),
    `globalThis.telemetry = createTelemetry({ serviceName: 'app', instrumentations: [`,
    ...first.map(([, name, options = '']) => `${name}(${options}),`),
    ...later.map(([path, name]) => `lazy('${path}', async () => (await import('${PACKAGE}/${path}.js')).${name}()),`),
    `] });`,
  ].join('\n');

const SOCKET = ['socket', 'socketIo'];
/** What has to be there from the start, lest something be missed. */
const EARLY = [
  ['errors', 'errors'],
  ['fetch', 'fetchInstrumentation'],
  ['xhr', 'xhr'],
  ['interaction', 'interaction'],
];
/** What the browser remembers for us, or what can wait. */
const LATE = [
  ['navigation', 'navigation'],
  ['document-load', 'documentLoad'],
  ['web-vitals', 'webVitals'],
  ['long-frames', 'longFrames'],
  ['console', 'consoleInstrumentation'],
  ['csp', 'csp'],
  ['visibility', 'visibility'],
  ['websocket', 'websocket'],
];

/** `without`: chunks that this application never loads, by the beginning of their names. */
export const APPLICATIONS = [
  { name: 'traces + B3', code: application([]), without: ['metrics'], cap: 10_200, first: 2_600 },
  { name: 'traces + B3 + Socket.IO', code: application([[...SOCKET, '{ metrics: false }']]), without: ['metrics'], cap: 14_700, first: 7_300 },
  { name: 'init()', code: `import { init } from '${PACKAGE}/index.js'; globalThis.telemetry = init({ serviceName: 'app' });`, cap: 16_200 },
  { name: 'Vue plugin', code: `export { createTelemetry, useTelemetry } from '${PACKAGE}/vue.js';`, cap: 18_000 },
  { name: 'Vue plugin, all of it, and Pinia', code: `export * from '${PACKAGE}/vue.js'; export * from '${PACKAGE}/pinia.js';`, cap: 19_200 },
  {
    name: 'Vue plugin without the usual set',
    code: `export { createTelemetry } from '${PACKAGE}/core.js'; export { useTelemetry, vuePlugin } from '${PACKAGE}/vue.js';`,
    without: ['metrics'],
    cap: 12_000,
    first: 4_500,
  },
  { name: 'everything, most of it later', code: application(EARLY, [...LATE, SOCKET]), cap: 30_000, first: 6_000 },
  { name: 'everything at once', code: application([...EARLY, ...LATE, SOCKET]), cap: 30_000 },
  ...[...EARLY, ...LATE].map(([path, name]) => ({ name: `  with only ${path}`, code: application([[path, name]]), without: ['metrics'], cap: 30_000 })),
];

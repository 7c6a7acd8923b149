// Applications whose telemetry is measured, and the most brotli bytes each may load for it.

const PACKAGE = './dist';

/** An application with just these instrumentations: `[subpath, factory, options]`. */
const application = (first, later = []) =>
  [
    `import { createTelemetry, lazy } from '${PACKAGE}/core.js';`,
    ...first.map(([path, name]) => `import { ${name} } from '${PACKAGE}/${path}.js';`),
    `globalThis.telemetry = createTelemetry({ serviceName: 'app', instrumentations: [`,
    ...first.map(([, name, options = '']) => `${name}(${options}),`),
    ...later.map(([path, name, options = '']) => `lazy('${path}', async () => (await import('${PACKAGE}/${path}.js')).${name}(${options})),`),
    `] });`,
  ].join('\n');

const SOCKET = ['socket', 'socketIo'];
/** What has to be there from the start, lest something be missed; with the cap for a page that has only this. */
const EARLY = [
  ['errors', 'errors', 10_500],
  ['fetch', 'fetchInstrumentation', 10_650],
  ['xhr', 'xhr', 10_850],
  ['interaction', 'interaction', 10_400],
];
/** What the browser remembers for us, or what can wait. */
const LATE = [
  ['navigation', 'navigation', 10_500],
  ['document-load', 'documentLoad', 11_250],
  ['web-vitals', 'webVitals', 12_350],
  ['long-frames', 'longFrames', 10_600],
  ['console', 'consoleInstrumentation', 10_350],
  ['csp', 'csp', 10_350],
  ['visibility', 'visibility', 10_150],
  ['websocket', 'websocket', 10_600],
];
/** Keeps what cannot be sent; measured with the metrics that tell of losses. */
const OFFLINE = ['offline', 'offlineStore', 15_750];
/** What decides about the others' records, and adds to them. What the last two do, `remote-config` brings along. */
const CONTROL = [
  ['attributes', 'globalAttributes', 10_050, '{ tenant: 1 }'],
  ['before-send', 'beforeSend', 10_400, '() => true'],
  ['session', 'session', 10_900],
  ['remote-config', 'remoteConfig', 12_400],
  ['sampling', 'sampling', 10_750, '{}'],
  ['limits', 'limits', 10_400, '{}'],
];
/** All of it, and in two chunks, as a page has it that does not choose. */
const EVERYTHING = `import { everything } from '${PACKAGE}/everything.js'; globalThis.telemetry = everything({ serviceName: 'app' });`;
/** What needs packages of others: the plugin for Vue, for Pinia, and, later, OpenTelemetry's API with all instruments. */
const AND_MORE = [
  `import { componentSpans, useComponentSpans, useSpan, useTelemetry, vuePlugin } from '${PACKAGE}/vue.js';`,
  `import { piniaTelemetry } from '${PACKAGE}/pinia.js';`,
  `globalThis.more = [componentSpans, useComponentSpans, useSpan, useTelemetry, vuePlugin, piniaTelemetry, () => import('${PACKAGE}/otel-api.js')];`,
].join('\n');
const plain = (parts) => parts.map(([path, name, , options]) => [path, name, options]);

/** What only pages load that record much: they get a worker. */
const MUCH = [`import * as worker from '${PACKAGE}/worker.js';`, 'globalThis.worker = worker;', `export { pack } from '${PACKAGE}/packer.js';`].join('\n');

/** `without`: chunks that this application never loads, by the beginning of their names. */
export const APPLICATIONS = [
  { name: 'traces + B3', code: application([]), without: ['rare', 'headers', 'json', 'packer'], cap: 9_900, first: 2_600 },
  { name: 'traces + B3 + Socket.IO', code: application([[...SOCKET, '{ metrics: false }']]), without: ['rare', 'headers', 'json', 'packer'], cap: 14_000, first: 7_000 },
  { name: 'init()', code: `import { init } from '${PACKAGE}/index.js'; globalThis.telemetry = init({ serviceName: 'app' });`, cap: 16_200, first: 7_800 },
  { name: 'Vue plugin', code: `export { createTelemetry, useTelemetry } from '${PACKAGE}/vue.js';`, cap: 18_600 },
  { name: 'Vue plugin, all of it, and Pinia', code: `export * from '${PACKAGE}/vue.js'; export * from '${PACKAGE}/pinia.js';`, cap: 19_250 },
  { name: 'traces + B3 + OpenTelemetry API', code: `${application([])}\nexport * from '${PACKAGE}/otel-api.js';`, without: ['rare', 'instruments', 'json', 'packer'], cap: 13_800 },
  { name: 'traces + B3 + what follows await', code: `${application([])}\nexport { suspension } from '${PACKAGE}/core.js';`, without: ['rare', 'headers', 'json', 'packer'], cap: 10_300 },
  {
    name: 'Vue plugin without the usual set',
    code: `export { createTelemetry } from '${PACKAGE}/core.js'; export { useTelemetry, vuePlugin } from '${PACKAGE}/vue.js';`,
    without: ['rare', 'headers', 'json', 'packer'],
    cap: 11_600,
    first: 4_500,
  },
  { name: 'most of it, later, piece by piece', code: application(plain([...EARLY, ...CONTROL.slice(0, 2)]), plain([...LATE, SOCKET, ...CONTROL.slice(2, 4)])), cap: 30_000, first: 6_000 },
  { name: 'everything, with the offline store', code: EVERYTHING, cap: 30_000, first: 6_000 },
  { name: '  and Vue, Pinia, OpenTelemetry API', code: `${EVERYTHING}\n${AND_MORE}`, cap: 36_650 },
  { name: '  a worker, for pages that record much', code: MUCH, without: [], cap: 5_800 },
  { name: '  with only offline', code: application(plain([OFFLINE])), without: ['headers', 'json', 'packer'], cap: OFFLINE[2] },
  ...[...EARLY, ...LATE, ...CONTROL].map(([path, name, cap, options]) => ({ name: `  with only ${path}`, code: application([[path, name, options]]), without: ['rare', 'headers', 'json', 'packer'], cap })),
];

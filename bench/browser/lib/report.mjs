// The report: a table to look at, and Markdown to keep.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { versions } from './bundle.mjs';
import { bytesPerSpan, cpuPerSpan, heldMegabytes, longestTask, lost, spread } from './verdicts.mjs';

const BEGIN = '<!-- bench browser: begin -->\n';
const END = '<!-- bench browser: end -->';
/** As busy as the machine was when this was loaded, which is before anything was measured. */
const LOAD = loadavg()[0];

const NAMES = {
  aether: '@aetherterm/telemetry',
  'otel-proto': 'OpenTelemetry JS, OTLP/protobuf',
  'otel-json': 'OpenTelemetry JS, OTLP/JSON',
  faro: 'Grafana Faro with tracing',
  sentry: 'Sentry with tracing',
  'startup-empty': 'a module that does nothing but send a request',
  'startup-aether': '@aetherterm/telemetry',
  'startup-otel': 'OpenTelemetry JS, OTLP/protobuf',
};

const show = (found, digits) => (found ? `${found.median.toFixed(digits)} (${found.least.toFixed(digits)}–${found.most.toFixed(digits)})` : '–');

const arrived = ({ spans, expected }) => (spans >= expected ? `all of ${expected}` : `${spans} of ${expected}`);

const loadRows = (report) =>
  Object.keys(NAMES)
    .filter((name) => report.results.steady[name])
    .map((name) => [
      NAMES[name],
      show(spread(cpuPerSpan(report, name)), 1),
      show(spread(bytesPerSpan(report, name)), 0),
      arrived(lost(report, name)),
      show(spread(longestTask(report, name)), 1),
      show(spread(heldMegabytes(report, name)), 2),
      arrived(lost(report, name, 'burst')),
    ]);

const LOAD_HEADINGS = ['client', 'main thread µs/span', 'bytes/span', 'arrived', 'burst: longest task ms', 'still held MB', 'of the burst arrived'];

const startRows = ({ results }) => Object.entries(results.startUp).map(([name, runs]) => [
    NAMES[name],
    ...['recording', 'exported'].flatMap((when) => ['cpuMs', 'ms'].map((what) => show(spread(runs.map((run) => run[when][what])), 0))),
  ]);

const START_HEADINGS = [
  'client with fetch, XHR, load, interaction; 4× slower',
  'import → recording: main thread ms',
  'all ms',
  'import → first export: main thread ms',
  'all ms ',
];

const weightRows = ({ weights }) => Object.entries(weights).map(([name, { total, first }]) => [name, String(total), String(first)]);

const sentence = ({ what, unit, limit, digits, holds, ...found }) => {
  const value = found.least === found.most ? found.median.toFixed(digits) : show(found, digits);
  return `${what}: ${value} ${unit}; at most ${Number(limit.toFixed(3))} ${unit} wanted: ${holds ? 'holds' : 'DOES NOT HOLD'}`;
};

const columns = (rows) => {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] + 2)).join('').trimEnd()).join('\n');
};

const grid = ([headings, ...rows]) =>
  [headings, ['---', ...headings.slice(1).map(() => '---:')], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n').replace('| --- |', '|---|');

export const table = (report) =>
  [
    columns([['loads', 'brotli', 'first'], ...weightRows(report)]),
    columns([LOAD_HEADINGS, ...loadRows(report)]),
    columns([START_HEADINGS, ...startRows(report)]),
    report.verdicts.map(sentence).join('\n'),
  ].join('\n\n');

const machine = () => {
  const date = new Date().toISOString().slice(0, 10);
  const { length } = cpus();
  return `Measured on ${date}: ${length} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${release()}; load ${LOAD.toFixed(2)} at the start.`;
};

const own = () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../pkg/package.json', import.meta.url), 'utf8'));
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: import.meta.dirname }).toString().trim();
  return `@aetherterm/telemetry ${version} (${commit})`;
};

export const markdown = (report) => {
  const { rounds, load } = report;
  const rest = versions();
  return `${machine()}

- ${own()}, Chromium ${report.browser}, Node ${process.version}
- ${rest.join(', ')}

${rounds} rounds; ${load.traces * 10} spans in traces of ten after ${load.warmUp * 10} to warm up; bursts of 10000. Median (least–most) of the rounds.

${grid([['a page with', 'loads (brotli)', 'before the first paint'], ...weightRows(report)])}

${grid([LOAD_HEADINGS, ...loadRows(report)])}

${grid([START_HEADINGS, ...startRows(report)])}

${report.verdicts.map((one) => `- ${sentence(one)}`).join('\n')}
`;
};

/** Replaces the report in a page. */
export const updatePage = (page, report) => {
  const text = readFileSync(page, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin < 0 || end < 0) throw new Error(`${page} has no lines \`${BEGIN.trim()}\` and \`${END}\` for the report`);
  writeFileSync(page, `${text.slice(0, begin)}${BEGIN}\n${report.trimEnd()}\n\n${text.slice(end)}`);
};

// Tracing clients on the same page under the same load: what they weigh, and what they cost its main thread.
//
//   cargo xtask bench browser
//
// installs what the peers need and calls this program. docs/benchmarks.md says what is measured and holds the last
// table. Each round runs every contestant once in a page of its own, in an order that moves on from round to round;
// comparisons are made within a round.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { launch } from './lib/browser.mjs';
import { bundle, prepare } from './lib/bundle.mjs';
import { receive } from './lib/receiver.mjs';
import { markdown, table, updatePage } from './lib/report.mjs';
import { burst, startUp, steady } from './lib/runs.mjs';
import { weights } from './lib/weights.mjs';
import { spread, verdicts } from './lib/verdicts.mjs';

const HELP = `cargo xtask bench browser [--rounds N] [--traces N] [--only NAME,NAME] [--out FOLDER] [--page FILE]
  --rounds N     how often every contestant runs (3)
  --traces N     traces of ten spans in each run (2000)
  --only NAMES   only these: ${['aether', 'otel-proto', 'otel-json', 'faro', 'sentry'].join(', ')}
  --out FOLDER   where the report goes (artifacts/bench)
  --page FILE    a Markdown page whose part for this benchmark is replaced by the report`;

const LOADED = ['aether', 'otel-proto', 'otel-json', 'faro', 'sentry'];
const STARTED = ['startup-empty', 'startup-aether', 'startup-otel'];
/** A start is short, and one says little: of so many in a round it is the median. */
const STARTS = 9;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    traces: { type: 'string', default: '2000' },
    only: { type: 'string' },
    out: { type: 'string', default: join(import.meta.dirname, '../../artifacts/bench') },
    page: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const count = (name) => {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`--${name} is ${values[name]}: set it to a whole number`);
};
const rounds = count('rounds');
const load = { traces: count('traces'), warmUp: 1000 };
const chosen = values.only?.split(',') ?? LOADED;
const unknown = chosen.filter((name) => !LOADED.includes(name));
if (unknown.length) throw new Error(`no contestant ${unknown.join(', ')}; they are ${LOADED.join(', ')}`);

const out = resolve(values.out);
const served = join(out, 'browser');
await prepare(served);
for (const name of ['empty', ...LOADED, ...STARTED]) await bundle(name, served);
const receiver = await receive(served);
const browser = await launch();
const version = browser.version();
const results = { steady: {}, burst: {}, startUp: {} };
const keep = (kind, name, result) => (results[kind][name] ??= []).push(result);
try {
  for (let round = 0; round < rounds; round++) {
    const order = ['empty', ...chosen];
    for (let turn = 0; turn < order.length; turn++) {
      const name = order[(round + turn) % order.length];
      const run = await steady(browser, receiver, name, load);
      keep('steady', name, run);
      keep('burst', name, await burst(browser, receiver, name, { traces: 1000 }));
      console.error(`round ${round + 1} of ${rounds}: ${name}: ${run.cpuMs.toFixed(0)} ms for ${load.traces * 10} spans, ${run.spans} arrived`);
    }
    const starts = Object.fromEntries(STARTED.map((name) => [name, []]));
    // The first ones of a round warm up what all of them share.
    for (let turn = 0; turn < (STARTS + 1) * STARTED.length; turn++) {
      const name = STARTED[turn % STARTED.length];
      const run = await startUp(browser, receiver, name);
      if (turn >= STARTED.length) starts[name].push(run);
    }
    for (const name of STARTED) {
      const of = (when, what) => spread(starts[name].map((run) => run[when][what])).median;
      const both = (when) => ({ ms: of(when, 'ms'), cpuMs: of(when, 'cpuMs') });
      keep('startUp', name, { recording: both('recording'), exported: both('exported') });
    }
  }
} finally {
  await browser.close();
  receiver.close();
}

const report = { rounds, load, browser: version, weights: await weights(), results };
report.verdicts = verdicts(report);
mkdirSync(out, { recursive: true });
console.log(table(report));
for (const [name, text] of [['browser.md', markdown(report)], ['browser.json', JSON.stringify(report, null, 1)]]) {
  writeFileSync(join(out, name), text);
  console.error(`written: ${join(out, name)}`);
}
if (values.page) {
  updatePage(resolve(values.page), markdown(report));
  console.error(`written: ${resolve(values.page)}`);
}

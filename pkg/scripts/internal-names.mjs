// Members of our own classes that no option, DOM interface, module export or library has as well: they are
// shortened in `dist/`. The tests run on `dist/`, and the build refuses names that outsiders use, too. With an underscore:
// those of `web-vitals`.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

const NAMES = `
  ack ackId acknowledged activity adopt again answer arm awaitAck awaitReply begin begun buckets coding collect connectedAt
  connectionSpan core courier current decision deliver describe described disconnected dispatch drain droppedAttributes
  droppedEvents droppedLinks due encoder encodeSome envelope failed failing filled finishSend finishSpan flying forget full
  growth  hand handled hold holds inFlight instruments inUse late lease least leaving ledger loadRare maxAge mayBegin measurement
  most notLoaded numbers outcome parentId perSecond posted prepare pump receive recording refused refusing
  remoteParent reported requestOf reserved restart room safe sendFinal sent serverIsReady setReady settings settle settled severityText shelf
  since sink socket spill stuck succeeded sweep sweeping takeAll timer timerAt tokens transportName turn undo
  unencoded unmeasured unpack wake watchUpgrade writer writing

  addBatch asleep batches changing collected contexts excess gates getRare handles isOff isOver killed longest
  keeps parcels relieve removeBatch sendHeld sources stash visit within

  _estimateP98LongestInteraction _getInteractionCountForNavigation _latency _longestInteractionList _longestInteractionMap
  _prevInteractionCount _processEntry _resetInteractions _sessionEntries _sessionValue
`
  .trim()
  .split(/\s+/);

export const INTERNAL_NAMES = new RegExp(`^(${NAMES.join('|')})$`);

/** Where the members of others are declared: what we say to the page and to the module, and the platform itself. */
const CONTROL = ['attributes/index', 'before-send/index', 'limits/limiter', 'remote-config/answer', 'remote-config/cache', 'sampling/sampler', 'session/index', 'session/options', 'session/visit'];
const OPTIONS = readdirSync(new URL('../src/instrumentations', import.meta.url))
  .map((name) => `instrumentations/${name}/options.ts`)
  .filter((file) => existsSync(new URL(`../src/${file}`, import.meta.url)));
const OUTSIDE = ['types.ts', 'core/module.ts', 'instrumentations/socket/internals.ts', ...OPTIONS, ...CONTROL.map((name) => `control/${name}.ts`)].map((file) => `../src/${file}`);
const PLATFORM = ['lib.dom.d.ts', 'lib.es5.d.ts', 'lib.es2015.core.d.ts', 'lib.es2015.collection.d.ts'].map((file) => `typescript/lib/${file}`);

/** The internal names that somebody outside uses as well; none, or the build must not go on. */
export const clashes = () => {
  const require = createRequire(import.meta.url);
  const files = [...OUTSIDE.map((file) => new URL(file, import.meta.url)), ...PLATFORM.map((file) => require.resolve(file))];
  const outside = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  return NAMES.filter((name) => new RegExp(`^ +(readonly )?${name}[?]?[:(<]|[{;] ${name}[?]?:`, 'm').test(outside));
};

/** Where a member is asked for by such a name in a string, which is not shortened with it: that would only ever fail in `dist/`. */
export const quoted = () => {
  const src = new URL('../src/', import.meta.url);
  const name = `'(${NAMES.join('|')})'`;
  const asked = new RegExp(`(hasOwn\\(.*|defineProperty\\([^,]*, )${name}|${name} in |\\[${name}\\]`);
  return readdirSync(src, { recursive: true }).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && asked.test(readFileSync(new URL(file, src), 'utf8')));
};

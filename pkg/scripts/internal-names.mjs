// Members of our own classes that no option, DOM interface, module export or library has as well: they are
// shortened in `dist/`. The tests run on `dist/`, and the build refuses names that outsiders use, too. With an underscore:
// those of `web-vitals`.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

/** What each of them becomes. It is said here, and not left to esbuild, lest a change anywhere gives all of them others, and every page other bytes. */
export const SHORT_NAMES = Object.fromEntries(
  `
  ack:ne ackId:ft acknowledged:Ie activity:R addBatch:kt adopt:xt again:Je answer:d arm:u asleep:D awaitAck:Ke awaitReply:mt batches:B
  begin:Fe begun:a buckets:k coding:Z collect:V collected:Me connectionSpan:H core:te decision:Ve deliver:St describe:Oe described:X
  disconnected:Ge dispatch:lt drain:we droppedAttributes:Y droppedEvents:z droppedLinks:G due:M encoder:ye encodeSome:A envelope:et
  excess:nt failed:Be failing:q filled:b finishSend:ze finishSpan:qe flying:c full:_e gates:Ae getRare:pt growth:Ue hand:S handled:N
  handles:je hold:de holds:vt instruments:f inUse:J keeps:st lease:bt least:Se leaving:K ledger:C loadRare:ve maxAge:it mayBegin:We
  measurement:Ne most:ke notLoaded:F numbers:t outcome:Qe parcels:tt parentId:w perSecond:Te posted:Xe pump:ge receive:xe recording:L
  refused:rt refusing:Le remoteParent:me removeBatch:Tt reported:$e requestOf:ut reserved:p restart:wt room:P safe:I sendFinal:O
  sendHeld:Ze sent:l serverIsReady:dt setReady:He settings:j settle:oe settled:x severityText:he shelf:E since:h sink:fe socket:Ee
  sources:De spill:pe stash:Pe stuck:ce succeeded:Ce sweep:T sweeping:U takeAll:ue timer:o timerAt:Q tokens:ee transportName:W turn:Re
  unencoded:v unmeasured:be unpack:ct visit:m wake:le writer:n writing:ot _estimateP98LongestInteraction:yt
  _getInteractionCountForNavigation:ht _latency:y _longestInteractionList:g _longestInteractionMap:ae _prevInteractionCount:Ye
  _processEntry:se _resetInteractions:gt _sessionEntries:ie _sessionValue:_
`
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split(':')),
);

const NAMES = Object.keys(SHORT_NAMES);

export const INTERNAL_NAMES = new RegExp(`^(${NAMES.join('|')})$`);

/** Where the members of others are declared: what we say to the page and to the module, and the platform itself. */
const CONTROL = ['attributes/index', 'before-send/index', 'limits/limiter', 'remote-config/answer', 'remote-config/cache', 'sampling/sampler', 'session/index', 'session/options', 'session/visit'];
const OPTIONS = readdirSync(new URL('../src/instrumentations', import.meta.url))
  .map((name) => `instrumentations/${name}/options.ts`)
  .filter((file) => existsSync(new URL(`../src/${file}`, import.meta.url)));
const OUTSIDE = ['types.ts', 'core/module.ts', 'instrumentations/socket/internals.ts', ...OPTIONS, ...CONTROL.map((name) => `control/${name}.ts`)].map((file) => `../src/${file}`);
const PLATFORM = ['lib.dom.d.ts', 'lib.es5.d.ts', 'lib.es2015.core.d.ts', 'lib.es2015.collection.d.ts'].map((file) => `typescript/lib/${file}`);

/** Our own code, without comments. */
const sources = () => {
  const src = new URL('../src/', import.meta.url);
  const files = readdirSync(src, { recursive: true }).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  return files.map((file) => ({ file, text: readFileSync(new URL(file, src), 'utf8').replace(/^ *(\/?\*|\/\/).*/gm, '') }));
};

/** The internal names that somebody outside uses as well; none, or the build must not go on. */
export const clashes = () => {
  const require = createRequire(import.meta.url);
  const files = [...OUTSIDE.map((file) => new URL(file, import.meta.url)), ...PLATFORM.map((file) => require.resolve(file))];
  const outside = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  return NAMES.filter((name) => new RegExp(`^ +(readonly )?${name}[?]?[:(<]|[{;] ${name}[?]?:`, 'm').test(outside));
};

/** Short names that two have, or that a member has in our own code. */
export const taken = () => {
  const short = Object.values(SHORT_NAMES);
  const code = sources().map(({ text }) => text).join('\n');
  return short.filter((name, at) => short.indexOf(name) !== at || new RegExp(`[.]${name}\\b|^ +(readonly )?${name}[?]?:`, 'm').test(code));
};

/** Where a member is asked for by such a name in a string, which is not shortened with it: that would only ever fail in `dist/`. */
export const quoted = () => {
  const name = `'(${NAMES.join('|')})'`;
  const asked = new RegExp(`(hasOwn\\(.*|defineProperty\\([^,]*, )${name}|${name} in |\\[${name}\\]`);
  return sources().filter(({ text }) => asked.test(text)).map(({ file }) => file);
};

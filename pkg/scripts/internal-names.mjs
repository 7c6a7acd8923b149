// Members of our own classes that no option, DOM interface, module export or library has as well: they are
// shortened in `dist/`. The tests run on `dist/`, and the build refuses names that outsiders use, too.
import { readFileSync } from 'node:fs';

const NAMES = `
  ackId acknowledged allows arm awaitAck awaitReply begun buckets buffered byAck bySpan carriers collect
  connectedAt core current decision disconnected dispatch droppedEvents encoder ended enqueue
  finish forget forgetReady hand handedOver handled inFlight instruments late lateAnswer least loaded lost
  markReady mayBegin measurement most notLoaded onVisibility output parentId pending perSecond points prepare
  pump put limited ratio refused remoteParent reported reserved sendFinal sent serverIsReady settings settle
  severityText since sink timerAt tokens unsent view waiting watchUpgrade writer
`
  .trim()
  .split(/\s+/);

export const INTERNAL_NAMES = new RegExp(`^(${NAMES.join('|')})$`);

/** Where the members of others are declared. */
const OUTSIDE = ['types.ts', 'core/module.ts', 'instrumentations/socket/internals.ts'];

/** The internal names that somebody outside uses as well; none, or the build must not go on. */
export const clashes = (root) => {
  const outside = OUTSIDE.map((file) => readFileSync(`${root}/src/${file}`, 'utf8')).join('\n');
  return NAMES.filter((name) => new RegExp(`^ +(readonly )?${name}[?]?[:(<]|[{;] ${name}[?]?:`, 'm').test(outside));
};

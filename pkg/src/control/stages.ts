/**
 * Where the entry points in this folder get in: between what is recorded and what is sent, and in front of the
 * decision whether a span is recorded. A page that uses none of them has nothing of it.
 */
import type { Decide } from '../core/core.js';
import { per } from '../core/per.js';
import { type AnyRecord, LOG, type LogRecord, type SpanRecord } from '../core/records.js';
import type { InstrumentationContext } from '../types.js';

/** In which order they see a record, whatever the order in which they were put in. */
export const RULES = 0;
export const ENRICH = 1;
export const SCRUB = 2;
export const BOUND = 3;

/** What passes by: measurements do not, because nothing here has to do with them. */
export type Item = SpanRecord | LogRecord;

interface Stage {
  order: number;
  /** `false` drops the record. */
  act: (item: Item) => boolean | void;
}

const stages = /*@__PURE__*/ per(({ output }): Stage[] => {
  const all: Stage[] = [];
  const record = output.record;
  output.record = (one: AnyRecord, second?: AnyRecord): void => {
    if (one.record > LOG || all.every(({ act }) => act(one as Item) !== false)) record.call(output, one, second);
    else if (second) record.call(output, second);
  };
  return all;
});

/** Lets `act` see every finished span and every log record; returns what undoes it. */
export const stage = (context: InstrumentationContext, order: number, act: Stage['act']): (() => void) => {
  const list = stages(context);
  const added = { order, act: context.guard(act) };
  list.push(added);
  list.sort((a, b) => a.order - b.order);
  return () => {
    const at = list.indexOf(added);
    if (at >= 0) list.splice(at, 1);
  };
};

/** How it is decided whether a span is recorded: if all gates are open, as `base` says. */
export interface Decision {
  base: Decide;
  gates: Set<() => boolean>;
}

/** The client's decision, of which parts can be replaced from now on. */
export const decisionOf = /*@__PURE__*/ per((core): Decision => {
  const decision: Decision = { base: core.decide, gates: new Set() };
  core.decide = (...args) => {
    for (const isOpen of decision.gates) if (!isOpen()) return false;
    return decision.base(...args);
  };
  return decision;
});

/** What the server has said, for those who ask when it is their turn. */
export interface Told {
  /** Share of new sessions. */
  sessionRatio?: number | undefined;
}

export const toldTo = /*@__PURE__*/ per((): Told => ({}));

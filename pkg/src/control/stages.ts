/**
 * Where the entry points in this folder get in: between what is recorded and what is sent, and in front of the
 * decision whether a span is recorded. A page that uses none of them has nothing of it.
 */
import type { Core, Decide } from '../core/core.js';
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

const stages = /*@__PURE__*/ new WeakMap<object, Stage[]>();

/** Lets `act` see every finished span and every log record; returns what undoes it. */
export const stage = (context: InstrumentationContext, order: number, act: Stage['act']): (() => void) => {
  const { output } = context as Core;
  let list = stages.get(output);
  if (!list) {
    const all: Stage[] = (list = []);
    stages.set(output, all);
    const record = output.record;
    output.record = (one: AnyRecord, second?: AnyRecord): void => {
      if (one.record > LOG || all.every((each) => each.act(one as Item) !== false)) record.call(output, one, second);
      else if (second) record.call(output, second);
    };
  }
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

const decisions = /*@__PURE__*/ new WeakMap<object, Decision>();

/** The client's decision, of which parts can be replaced from now on. */
export const decisionOf = (context: InstrumentationContext): Decision => {
  const core = context as Core;
  let found = decisions.get(core);
  if (!found) {
    const decision: Decision = (found = { base: core.decide, gates: new Set() });
    decisions.set(core, decision);
    core.decide = (...args) => {
      for (const isOpen of decision.gates) if (!isOpen()) return false;
      return decision.base(...args);
    };
  }
  return found;
};

/** What the server has said, for those who ask when it is their turn. */
export interface Told {
  /** Share of new sessions. */
  sessionRatio?: number | undefined;
}

const told = /*@__PURE__*/ new WeakMap<object, Told>();

export const toldTo = (context: InstrumentationContext): Told => {
  let found = told.get(context);
  if (!found) told.set(context, (found = {}));
  return found;
};

/** What is handed to the engine. */
import type { Attributes, SpanContext } from '../types.js';
import type { Engine } from './engine.js';

export const SPAN = 0;
export const LOG = 1;
export const MEASUREMENT = 2;
export const LOSS = 3;
/** The reasons for a loss on this side, by the module's numbers. */
export const MALFORMED = 2;
export const RATE_LIMITED = 6;

export interface EventRecord {
  name: string;
  time: number;
  attributes?: Attributes | undefined;
  /** Attributes that a limit has left out already; so in all that have it. */
  droppedAttributes?: number;
}

export interface LinkRecord {
  context: SpanContext;
  attributes?: Attributes | undefined;
  droppedAttributes?: number;
}

export interface SpanRecord extends SpanContext {
  readonly record: typeof SPAN;
  parentId: string;
  /** Whether the parent came from another process. */
  remoteParent: boolean;
  name: string;
  kind: number;
  start: number;
  duration: number;
  attributes: Attributes;
  droppedAttributes?: number;
  events: EventRecord[];
  droppedEvents: number;
  links: LinkRecord[];
  droppedLinks: number;
  status: number;
  message: string;
}

export interface LogRecord {
  readonly record: typeof LOG;
  time: number;
  severity: number;
  severityText: string;
  body: string;
  eventName: string;
  attributes: Attributes | undefined;
  droppedAttributes?: number;
  context: SpanContext | undefined;
}

export interface Measurement {
  readonly record: typeof MEASUREMENT;
  histogram: boolean;
  name: string;
  unit: string;
  value: number;
  attributes: Attributes | undefined;
  /** Of a histogram's buckets, ascending, if they are not to be those of its unit. */
  bounds?: readonly number[] | undefined;
  source?: undefined;
}

/** What is asked whenever metrics are exported, and then writes its own. */
export interface Source {
  readonly record: typeof MEASUREMENT;
  source: (engine: Engine) => void;
}

/** Something lost on this side: signal, reason and count by the module's numbers. */
export interface Loss {
  readonly record: typeof LOSS;
  signal: number;
  reason: number;
  count: number;
}

export type AnyRecord = SpanRecord | LogRecord | Measurement | Source | Loss;

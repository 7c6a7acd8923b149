/**
 * What `GET /v1/config` answers: JSON, of which every part may be missing. It comes from outside, so all of it is
 * checked before any of it is used; members that are not known are left alone.
 */
import { type Limits, isLimit } from '../limits/limiter.js';
import type { Sampling, SamplingRule } from '../sampling/sampler.js';

/** What the server says. */
export interface RemoteSettings {
  /** `false`: nothing is recorded or sent any more. */
  enabled?: boolean;
  sampling?: Omit<Sampling, 'rules'> & {
    /** Share of new sessions. */
    sessionRatio?: number;
    rules?: readonly RemoteRule[];
  };
  /** Which instrumentations are on, by name; those that are not named are as the page has them. */
  instrumentations?: Readonly<Record<string, boolean>>;
  limits?: Limits;
}

/** A {@link SamplingRule} whose names are texts. */
export type RemoteRule = Omit<SamplingRule, 'span' | 'event' | 'log'> & { span?: string; event?: string; log?: string };

/** A larger answer is none. */
export const MAX_BYTES = 64 * 1024;
const MAX_RULES = 100;
const MAX_NAME = 256;

type Check = (value: unknown) => boolean;

const isBoolean: Check = (value) => typeof value === 'boolean';
const isRatio: Check = (value) => typeof value === 'number' && value >= 0 && value <= 1;
const isRate: Check = (value) => Number.isFinite(value) && (value as number) >= 0;
const isName: Check = (value) => typeof value === 'string' && value.length <= MAX_NAME;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isMap: Check = (value) => isObject(value) && Object.values(value).every(isBoolean);

/** An object whose members pass these checks, as far as it has them. */
const shape =
  (members: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && Object.entries(members).every(([name, check]) => value[name] === undefined || value[name] === null || check(value[name]));

const isRule: Check = (value) =>
  shape({ span: isName, event: isName, log: isName, ratio: isRatio, maxPerSecond: isRate, nested: isBoolean })(value) &&
  ['span', 'event', 'log'].filter((kind) => (value as Record<string, unknown>)[kind] !== undefined).length === 1;

const LIMITS: (keyof Limits)[] = [
  'attributeCountLimit',
  'attributeValueLengthLimit',
  'eventCountLimit',
  'linkCountLimit',
  'attributePerEventCountLimit',
  'attributePerLinkCountLimit',
];

const PARTS: Record<string, Check> = {
  enabled: isBoolean,
  sampling: shape({
    ratio: isRatio,
    sessionRatio: isRatio,
    maxTracesPerSecond: isRate,
    maxLogsPerSecond: isRate,
    rules: (value) => Array.isArray(value) && value.length <= MAX_RULES && value.every(isRule),
  }),
  instrumentations: isMap,
  limits: shape(Object.fromEntries(LIMITS.map((name) => [name, isLimit]))),
};

/** Reads an answer; what is wrong with it, if it is one that cannot be used. */
export const readAnswer = (text: string): RemoteSettings | string => {
  if (text.length > MAX_BYTES) return `it is larger than ${MAX_BYTES} bytes`;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (!isObject(value)) return 'it is no JSON object';
  for (const [name, check] of Object.entries(PARTS)) {
    if (value[name] === null) delete value[name];
    else if (value[name] !== undefined && !check(value[name])) return `"${name}" is not as it should be`;
  }
  return value as RemoteSettings;
};

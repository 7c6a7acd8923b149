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

/** A larger answer is none, which bounds everything in it, too. */
const MAX_UNITS = 64 * 1024;

type Check = (value: unknown) => boolean;

const isBoolean: Check = (value) => typeof value === 'boolean';
const isText: Check = (value) => typeof value === 'string';
const isRate: Check = (value) => typeof value === 'number' && value >= 0;
const isRatio: Check = (value) => isRate(value) && (value as number) <= 1;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
/** What is `null` is not there. */
const maybe =
  (check: Check | undefined): Check =>
  (value) =>
    value === null || value === undefined || !check || check(value);

/** An object whose members pass these checks, as far as it has them; others are left alone. */
const shape =
  (members: Record<string, Check>): Check =>
  (value) =>
    isObject(value) && Object.keys(members).every((name) => maybe(members[name])(value[name]));

/** An object of which all members pass. */
const all =
  (check: Check): Check =>
  (value) =>
    isObject(value) && Object.values(value).every(maybe(check));

const isRule = shape({ span: isText, event: isText, log: isText, ratio: isRatio, maxPerSecond: isRate, nested: isBoolean });
const PARTS: Record<string, Check> = {
  enabled: isBoolean,
  sampling: shape({
    ratio: isRatio,
    sessionRatio: isRatio,
    maxTracesPerSecond: isRate,
    maxLogsPerSecond: isRate,
    rules: (value) => Array.isArray(value) && value.every(isRule),
  }),
  instrumentations: all(isBoolean),
  limits: all(isLimit),
};

/** Reads an answer; what is wrong with it, if it is one that cannot be used. */
export const readAnswer = (text: string): RemoteSettings | string => {
  if (text.length > MAX_UNITS) return 'it is too long';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'it is not JSON';
  }
  if (!isObject(value)) return 'it is no object';
  for (const name in PARTS) {
    // What is `null` inside a part is as good as nothing to those who use it.
    if (!maybe(PARTS[name])(value[name])) return `"${name}" is not as it should be`;
    value[name] ??= undefined;
  }
  return value as RemoteSettings;
};

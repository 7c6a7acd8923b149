/** Which spans and log records are recorded: rules by name, and how many of them per second. */
import { samples } from '../../core/ids.js';
import { Limit } from '../../core/limit.js';
import { per } from '../../core/per.js';
import { LOG } from '../../core/records.js';
import { type Item, RULES, decisionOf, stage } from '../stages.js';

/** What one rule says. It has one of `span`, `event` and `log`; in a text, `*` stands for anything. */
export interface SamplingRule {
  /** The name of the span with which a trace begins. */
  span?: string | RegExp;
  /** The Socket.IO event with which a trace begins. */
  event?: string | RegExp;
  /** The event name of a log record, e.g. `browser.console`. */
  log?: string | RegExp;
  /** Share that is recorded, 0 to 1. Default: as without the rule. */
  ratio?: number;
  /** Most of them per second, for each name; the excess is counted as `rate_limited`. Less than 1 is none. */
  maxPerSecond?: number;
  /** Whether the rule also holds for spans inside a trace; then the span and all below it, on the server too, are left out. Default `false`. */
  nested?: boolean;
}

/** Rules, of which the first that matches holds, and limits for everything together. */
export interface Sampling {
  /** Share of new traces, 0 to 1, where no rule says otherwise. Default: the client's `sampleRatio`. */
  ratio?: number;
  rules?: readonly SamplingRule[];
  /** Most new traces per second; the excess is counted as `rate_limited`. Default: any. */
  maxTracesPerSecond?: number;
  /** Most log records per second; the excess is counted as `rate_limited`. Default: any. */
  maxLogsPerSecond?: number;
}

interface Rule {
  kind: 'span' | 'event' | 'log';
  matches: (name: string) => boolean;
  ratio: number | undefined;
  limit: Limit | undefined;
  nested: boolean | undefined;
}

const KINDS = ['span', 'event', 'log'] as const;

/** Whether a name fits. A text is no regular expression: whoever writes it, it takes time in proportion to the name. */
const matcher = (rule: string | RegExp): ((name: string) => boolean) => {
  // `search` instead of `test`, which has a memory where a pattern is global.
  if (typeof rule !== 'string') return (name) => name.search(rule) >= 0;
  const [first = '', ...rest] = rule.split('*');
  const last = rest.pop();
  if (last === undefined) return (name) => name === rule;
  return (name) => {
    let at = name.startsWith(first) ? first.length : -1;
    for (const part of rest) {
      if (at < 0) return false;
      const found = name.indexOf(part, at);
      at = found < 0 ? -1 : found + part.length;
    }
    return at >= 0 && name.length - last.length >= at && name.endsWith(last);
  };
};

const compile = (rule: SamplingRule): Rule[] =>
  KINDS.flatMap((kind) => {
    const name = rule[kind];
    const { ratio, maxPerSecond, nested } = rule;
    return name ? [{ kind, matches: matcher(name), ratio: ratio ?? undefined, limit: limitOf(maxPerSecond), nested }] : [];
  });

const limitOf = (perSecond: number | undefined): Limit | undefined => (perSecond! >= 0 ? new Limit(perSecond!) : undefined);

/** The client's sampling, put in with the first call: what is returned sets that of the page, and over it that of the server. */
export const samplingOf = /*@__PURE__*/ per((core) => {
  const { ratio: base } = core;
  const said: Record<'own' | 'remote', Sampling> = { own: {}, remote: {} };
  let rules: Rule[] = [];
  let nested = false;
  let traces: Limit | undefined;
  let logs: Limit | undefined;

  const find = (names: Partial<Record<Rule['kind'], unknown>>): [Rule | undefined, string] => {
    for (const rule of rules) {
      const name = names[rule.kind];
      if (typeof name === 'string' && rule.matches(name)) return [rule, name];
    }
    return [undefined, ''];
  };

  const within = (rule: Rule | undefined, name: string, all: Limit | undefined, signal: 'traces' | 'logs'): boolean => {
    const allowed = (rule?.limit?.allows(name) ?? true) && (all?.allows('') ?? true);
    if (!allowed) core.rateLimited(signal);
    return allowed;
  };

  /** Parent-based: inside a trace nothing is decided again, unless a rule is meant to hold there. */
  decisionOf(core).base = (traceId, parent, name, options) => {
    if (parent && (!nested || !parent.sampled || parent.debug)) return parent.sampled;
    const [rule, found] = find({ span: name, event: options?.attributes?.['messaging.destination.name'] });
    if (parent && !rule?.nested) return true;
    return samples(traceId, rule?.ratio ?? core.ratio) && within(rule, found, parent ? undefined : traces, 'traces');
  };

  stage(core, RULES, (item: Item): boolean => {
    if (item.record !== LOG) return true;
    const [rule, found] = find({ log: item.eventName });
    const ratio = rule?.ratio ?? 1;
    // Those of one trace stay together.
    const chosen = item.context ? samples(item.context.traceId, ratio) : Math.random() < ratio;
    return chosen && within(rule, found, logs, 'logs');
  });

  return (whose: keyof typeof said, sampling: Sampling): void => {
    said[whose] = sampling;
    const { own, remote } = said;
    core.ratio = remote.ratio ?? own.ratio ?? base;
    rules = [remote, own].flatMap((one) => one.rules ?? []).flatMap(compile);
    nested = rules.some((rule) => rule.nested);
    traces = limitOf(remote.maxTracesPerSecond ?? own.maxTracesPerSecond);
    logs = limitOf(remote.maxLogsPerSecond ?? own.maxLogsPerSecond);
  };
});

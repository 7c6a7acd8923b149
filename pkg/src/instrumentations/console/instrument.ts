/** Each call becomes a log record, and does what it always did. Errors among the arguments are recorded once. */
import { all, patch } from '../../core/hooks.js';
import { Limit } from '../../core/limit.js';
import { recordThrown } from '../../core/thrown.js';
import type { InstrumentationContext, Severity } from '../../types.js';
import type { ConsoleOptions } from './options.js';

const SEVERITIES: Record<string, Severity> = { debug: 'debug', warn: 'warn', error: 'error' };

/** What a person would read; objects by their JSON, if they have any. */
const text = (value: unknown): string => {
  if (typeof value !== 'object' || value === null || value instanceof Error) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
};

export const instrument = (context: InstrumentationContext, { levels = ['warn', 'error'], maxPerSecond = 10 }: ConsoleOptions): (() => void) => {
  const limit = new Limit(maxPerSecond);
  let inside = false;

  const record = context.guard((level: string, args: unknown[]) => {
    // Our own words; and whatever recording itself would write there.
    if (inside || (typeof args[0] === 'string' && args[0].startsWith('[aetherterm telemetry]'))) return;
    inside = true;
    try {
      if (!limit.allows(level)) return context.rateLimited('logs');
      const options = { eventName: 'browser.console', attributes: { 'browser.console.level': level } };
      const error = args.find((value) => value instanceof Error);
      if (!error) context.log(SEVERITIES[level] ?? 'info', args.map(text).join(' '), options);
      else recordThrown(context, error, options);
    } finally {
      inside = false;
    }
  });

  return all(
    ...levels.map((level) =>
      patch(globalThis.console, level, (original) =>
        function (this: Console, ...args) {
          record(level, args);
          return original.apply(this, args);
        },
      ),
    ),
  );
};

/** Each becomes a log record with `exception.*`, once, whoever else has recorded it. */
import { all, listen } from '../../core/hooks.js';
import { Limit } from '../../core/limit.js';
import { exceptionAttributes, recordThrown } from '../../core/thrown.js';
import { parseUrl, recordUrl } from '../../core/url.js';
import type { Attributes, InstrumentationContext } from '../../types.js';
import type { ErrorOptions } from './options.js';

export const instrument = (context: InstrumentationContext, { ignore = [], maxPerSecond = 10 }: ErrorOptions): (() => void) => {
  const limit = new Limit(maxPerSecond);

  const record = (thrown: unknown, source: string, attributes?: Attributes): void => {
    const message = String(exceptionAttributes(thrown)['exception.message']);
    if (ignore.some((entry) => message.search(typeof entry === 'string' ? escape(entry) : entry) >= 0)) return;
    if (!limit.allows('')) return context.rateLimited('logs');
    recordThrown(context, thrown, { eventName: 'exception', attributes: { 'exception.source': source, 'exception.escaped': true, ...attributes } });
  };

  const target = globalThis as unknown as EventTarget;
  return all(
    listen<ErrorEvent>(context, target, 'error', ({ error, message, filename, lineno, colno }) => {
      const url = filename ? parseUrl(filename) : undefined;
      // A script of another origin keeps its error to itself.
      record(error ?? message, 'error', {
        'code.file.path': url && recordUrl(context, url),
        'code.line.number': lineno || undefined,
        'code.column.number': colno || undefined,
      });
    }),
    listen<PromiseRejectionEvent>(context, target, 'unhandledrejection', ({ reason }) => record(reason, 'unhandledrejection')),
  );
};

const escape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

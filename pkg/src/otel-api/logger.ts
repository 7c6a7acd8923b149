/** Loggers: log records on the client, with its route, its limits, its export. */
import type { Context, LogRecord as ApiLogRecord, Logger, LoggerProvider } from '@opentelemetry/api';
import type { Core } from '../core/core.js';
import { now } from '../core/clock.js';
import { LOG } from '../core/records.js';
import { exceptionAttributes, firstSeen } from '../core/thrown.js';
import type { InstrumentationContext } from '../types.js';
import { isSuppressed, ownContext } from './context.js';
import { scopeOf } from './tracer.js';
import { attributesOf, millis, textOf } from './values.js';

const SEVERITIES = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
/** OpenTelemetry's short names: four degrees of each. */
const severityName = (number: number): string => (SEVERITIES[Math.ceil(number / 4) - 1] ?? '') + (number > 0 && number % 4 !== 1 ? ((number - 1) % 4) + 1 : '');

export const loggerProvider = (client: InstrumentationContext, on: () => boolean, active: () => Context): LoggerProvider => ({
  getLogger(scopeName, version): Logger {
    const scope = scopeOf(scopeName, version);
    return {
      enabled: ({ context = active() } = {}) => on() && !isSuppressed(context),
      emit({ eventName = '', timestamp, observedTimestamp, severityNumber = 0, severityText, body, attributes, exception, context = active() }: ApiLogRecord) {
        if (!on() || isSuppressed(context)) return;
        if (exception !== undefined) firstSeen(exception);
        const { output, route } = client as Core;
        output.record({
          record: LOG,
          time: millis(timestamp) ?? millis(observedTimestamp) ?? now(),
          severity: severityNumber,
          severityText: severityText ?? severityName(severityNumber),
          body: textOf(body),
          eventName,
          attributes: { 'aether.route': route, ...scope, ...(exception !== undefined && exceptionAttributes(exception)), ...attributesOf(attributes) },
          context: ownContext(context),
        });
      },
    };
  },
});

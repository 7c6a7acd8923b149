/** `@aetherterm/telemetry/otel-api`: `@opentelemetry/api` on this client, for code and instrumentations written for that. */
import * as api from '@opentelemetry/api';
import { warnOnce } from '../core/warn.js';
import type { BaseTelemetry } from '../types.js';
import { Manager } from './context.js';
import { loggerProvider } from './logger.js';
import { meterProvider } from './meter.js';
import { type PropagatorName, propagator } from './propagator.js';
import { tracerProvider } from './tracer.js';

export type { PropagatorName };

/** Options of {@link registerOpenTelemetryApi}. */
export interface OpenTelemetryApiOptions {
  /** What `propagation.inject` writes. Default `['b3']`. What is read is always B3, in one header or in several, and W3C
   * `traceparent` where there is none; and `baggage`, if it is named here. */
  propagators?: readonly PropagatorName[];
  /** `logs` of `@opentelemetry/api-logs`, where `@opentelemetry/api` is older than 1.10 and has none of its own. */
  logs?: LogsApi;
}

/** As much of the API for logs as is used here; the same in both packages. */
export interface LogsApi {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the two packages have a type each
  setGlobalLoggerProvider(provider: any): unknown;
  disable(): void;
}

/**
 * Registers this client with `@opentelemetry/api` as its tracer, meter and logger provider, context manager and
 * propagator; returns what undoes it, which `shutdown` does, too. Where another SDK has registered one of them, that one
 * stays, and it is said once on the console. Disabled telemetry registers nothing.
 *
 * @example
 * const undo = registerOpenTelemetryApi(telemetry);
 * trace.getTracer('shop').startActiveSpan('checkout', (span) => { order(); span.end(); });
 */
export const registerOpenTelemetryApi = (telemetry: BaseTelemetry, { propagators = ['b3'], logs = (api as { logs?: LogsApi }).logs }: OpenTelemetryApiOptions = {}): (() => void) =>
  telemetry.use({
    name: 'otel-api',
    enable(core) {
      const { context, metrics, propagation, trace } = api;
      let isOn = true;
      const on = (): boolean => isOn;
      const undo: (() => void)[] = [];
      const registered = (what: string, done: boolean, disable: () => void): void => {
        if (done) undo.push(disable);
        else warnOnce(`otel-api: another ${what} is registered with @opentelemetry/api and stays; register this one before it`);
      };
      registered('context manager', context.setGlobalContextManager(new Manager()), () => context.disable());
      registered('tracer provider', trace.setGlobalTracerProvider(tracerProvider(core, on)), () => trace.disable());
      registered('propagator', propagation.setGlobalPropagator(propagator(core, propagators)), () => propagation.disable());
      registered('meter provider', metrics.setGlobalMeterProvider(meterProvider(core, on)), () => metrics.disable());
      if (logs) {
        const provider = loggerProvider(core, on, () => context.active());
        // The older package returns whichever provider is there, the newer one whether it is this one.
        registered('logger provider', [provider, true].includes(logs.setGlobalLoggerProvider(provider) as never), () => logs.disable());
      }
      return () => {
        // Tracers, meters and loggers that somebody has kept record nothing from now on.
        isOn = false;
        for (const one of undo) one();
      };
    },
  });

/** `@aetherterm/telemetry/otel-api`: `@opentelemetry/api` on this client, for code and instrumentations written for that. */
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { warnOnce } from '../core/warn.js';
import type { BaseTelemetry } from '../types.js';
import { Manager } from './context.js';
import { meterProvider } from './meter.js';
import { type PropagatorName, propagator } from './propagator.js';
import { tracerProvider } from './tracer.js';

export type { PropagatorName };

/** Options of {@link registerOpenTelemetryApi}. */
export interface OpenTelemetryApiOptions {
  /** What `propagation.inject` writes. Default `['b3']`. What is read is always B3, and W3C `traceparent` where there is none. */
  propagators?: readonly PropagatorName[];
}

/**
 * Registers this client with `@opentelemetry/api` as its tracer provider, context manager, propagator and meter
 * provider; returns what undoes it, which `shutdown` does, too. Where another SDK has registered one of them, that one
 * stays, and it is said once on the console. Disabled telemetry registers nothing.
 *
 * @example
 * const undo = registerOpenTelemetryApi(telemetry);
 * trace.getTracer('shop').startActiveSpan('checkout', (span) => { order(); span.end(); });
 */
export const registerOpenTelemetryApi = (telemetry: BaseTelemetry, { propagators = ['b3'] }: OpenTelemetryApiOptions = {}): (() => void) =>
  telemetry.use({
    name: 'otel-api',
    enable(core) {
      let on = true;
      const manager = new Manager(core);
      const undo: (() => void)[] = [];
      const registered = (what: string, done: boolean, disable: () => void): void => {
        if (done) undo.push(disable);
        else warnOnce(`otel-api: another ${what} is registered with @opentelemetry/api and stays; register this one before it`);
      };
      registered('context manager', context.setGlobalContextManager(manager), () => context.disable());
      registered('tracer provider', trace.setGlobalTracerProvider(tracerProvider(core, () => on)), () => trace.disable());
      registered('propagator', propagation.setGlobalPropagator(propagator(core, propagators)), () => propagation.disable());
      registered('meter provider', metrics.setGlobalMeterProvider(meterProvider(core, () => on)), () => metrics.disable());
      return () => {
        // Tracers and meters that somebody has kept record nothing from now on.
        on = false;
        for (const one of undo) one();
      };
    },
  });

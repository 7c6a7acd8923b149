/** The built package, exporting to a server that keeps the spans. */
import { type Telemetry, type TelemetryOptions, init } from '@aetherterm/telemetry';
import { onTestFinished } from 'vitest';

export type { SocketOptions, Telemetry } from '@aetherterm/telemetry';

/** Telemetry on the real module; shut down with the test. */
export const startTelemetry = async (endpoint: string, options: Partial<TelemetryOptions> = {}): Promise<Telemetry> => {
  const telemetry = init({
    serviceName: 'interop-client',
    endpoint,
    instrumentFetch: false,
    scheduledDelayMs: 600_000,
    ...options,
  });
  onTestFinished(() => telemetry.shutdown());
  if (!(await telemetry.ready)) throw new Error('the WebAssembly module could not be loaded');
  return telemetry;
};

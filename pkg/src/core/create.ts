/** The client without any instrumentation: what is recorded is what the options ask for. */
import type { BaseTelemetry, TelemetryOptions } from '../types.js';
import { Core } from './core.js';
import { loadEngine } from './load.js';

/**
 * Starts telemetry with exactly the instrumentations that are passed. Returns at once: what does the work loads
 * meanwhile, and nothing recorded until then is lost or delayed. If it cannot be loaded that is said once on
 * the console, and everything else works on without telemetry.
 *
 * @example
 * const telemetry = createTelemetry({ serviceName: 'shop', instrumentations: [fetchInstrumentation(), errors()] });
 * telemetry.span('checkout', () => socket.emit('order', basket));
 */
export const createTelemetry = (options: TelemetryOptions): BaseTelemetry => new Core(options, loadEngine);

/** The usual set: the client with `fetch` and Socket.IO. */
import { Core } from './core/core.js';
import { loadEngine } from './core/load.js';
import { fetchInstrumentation } from './instrumentations/fetch/index.js';
import { socketIo } from './instrumentations/socket/index.js';
import type { Telemetry, TelemetryOptions } from './types.js';

/**
 * Starts telemetry with `fetch` instrumented and Socket.IO at hand; see {@link createTelemetry} for a client
 * that has only what one asks for.
 *
 * @example
 * const telemetry = init({ serviceName: 'shop' });
 * telemetry.instrumentSocket(socket);
 */
export const init = (options: TelemetryOptions): Telemetry => {
  const sockets = socketIo();
  const usual = options.instrumentFetch === false ? [sockets] : [sockets, fetchInstrumentation()];
  const core = new Core({ ...options, instrumentations: [...usual, ...(options.instrumentations ?? [])] }, loadEngine);
  return Object.assign(core, { instrumentSocket: sockets.instrument, onSocketActivity: sockets.onActivity });
};

/** `@aetherterm/telemetry/websocket`: a span for each WebSocket connection, and what went over it. */
import type { Instrumentation } from '../../types.js';
import { instrument } from './instrument.js';
import type { WebSocketOptions } from './options.js';

export type { WebSocketOptions };

export const websocket = (options: WebSocketOptions = {}): Instrumentation => ({
  name: 'websocket',
  enable: (context) => instrument(context, options),
});

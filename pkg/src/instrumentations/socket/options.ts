/** Options of an instrumented socket, and their defaults. */
import type { ReplyOptions, SocketContext, SocketOptions } from '../../types.js';
import { warnOnce } from '../../core/warn.js';

export interface Settings {
  context: SocketContext;
  handshake: boolean;
  timeoutMs: number;
  replies: Map<string, string | ReplyOptions>;
  maxTracesPerSecond: number;
  metrics: boolean;
}

const CONTEXTS = ['auto', 'traced', 'payload', 'off'];

export const settingsFrom = (options: SocketOptions): Settings => {
  let { context = 'auto' } = options;
  if (!CONTEXTS.includes(context)) {
    warnOnce(`context is "${String(context)}", none of ${CONTEXTS}`);
    context = 'auto';
  }
  return {
    context,
    handshake: options.handshake ?? context !== 'off',
    timeoutMs: options.timeoutMs! > 0 ? options.timeoutMs! : 5000,
    replies: new Map(Object.entries(options.replies ?? {})),
    maxTracesPerSecond: options.maxTracesPerSecond ?? 20,
    metrics: options.metrics !== false,
  };
};

/** Options of an instrumented socket, and their defaults. */
import type { ReplyOptions, SocketContext, SocketOptions } from '../../types.js';
import { warnOnce } from '../../core/warn.js';

export interface Settings {
  context: SocketContext;
  handshake: boolean;
  timeoutMs: number;
  replies: Map<string, ReplyOptions>;
  maxTracesPerSecond: number;
  metrics: boolean;
}

const CONTEXTS = ['auto', 'traced', 'payload', 'off'];

export const settingsFrom = (options: SocketOptions): Settings => {
  let { context = 'auto' } = options;
  if (!CONTEXTS.includes(context)) {
    warnOnce(`context: "${String(context)}" is unknown, "auto" is used: choose one of ${CONTEXTS.join(', ')}`);
    context = 'auto';
  }
  const replies = new Map<string, ReplyOptions>();
  for (const [event, reply] of Object.entries(options.replies ?? {})) {
    replies.set(event, typeof reply === 'string' ? { reply } : reply);
  }
  return {
    context,
    handshake: options.handshake ?? context !== 'off',
    timeoutMs: options.timeoutMs! > 0 ? options.timeoutMs! : 5000,
    replies,
    maxTracesPerSecond: options.maxTracesPerSecond ?? 20,
    metrics: options.metrics !== false,
  };
};

/** Options of the instrumentation of `WebSocket`. */
import type { UrlRules } from '../../core/url.js';

export interface WebSocketOptions {
  /**
   * Connections without a span, by the beginning of their URL or by a pattern. Default: `/socket.io/`, whose events
   * have spans of their own.
   */
  ignoreUrls?: UrlRules;
}

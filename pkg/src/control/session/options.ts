/** Options of the session. */
export interface SessionOptions {
  /** A session in which nothing was done or recorded for so long is over, in milliseconds. Default 30 minutes. */
  idleTimeoutMs?: number;
  /** A session is over after this time at the latest, in milliseconds. Default 24 hours. */
  maxDurationMs?: number;
  /**
   * Where it is kept. `tab` (default): in `sessionStorage`, so that it outlives a reload; `shared`: in `localStorage`, one
   * session for all tabs of the origin; `page`: nowhere. Where the browser refuses storage, it is as with `page`.
   */
  keep?: 'tab' | 'shared' | 'page';
  /**
   * Share of sessions that are recorded, 0 to 1: all spans and log records, or none of them, which is decided when the
   * session begins. Metrics are recorded always. Default 1.
   */
  sampleRatio?: number;
  /** Whether begin and end are log records `session.start` and `session.end`. Default `true`. */
  events?: boolean;
}

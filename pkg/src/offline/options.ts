/** Options of the offline store. */
export interface OfflineOptions {
  /** Most bytes kept in the browser, at least 64 KiB; beyond it the oldest requests are dropped and counted. Default 4 MiB. */
  maxBytes?: number;
  /** What was kept for longer is dropped and counted, in milliseconds. Default seven days. */
  maxAgeMs?: number;
}

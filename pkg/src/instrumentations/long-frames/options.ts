/** Options of the instrumentation of long animation frames. */
export interface LongFramesOptions {
  /** Shorter frames are not recorded, in milliseconds; the browser itself tells of 50 and more. Default 100. */
  thresholdMs?: number;
  /** Most records per second; the excess is counted as `rate_limited`. Default 5. */
  maxPerSecond?: number;
}

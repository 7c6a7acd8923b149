/** Options of the instrumentation of the console. */
export interface ConsoleOptions {
  /** Which of its methods are recorded. Default `['warn', 'error']`. */
  levels?: readonly ('debug' | 'info' | 'log' | 'warn' | 'error')[];
  /** Most records per second; the excess is counted as `rate_limited`. Default 10. */
  maxPerSecond?: number;
}

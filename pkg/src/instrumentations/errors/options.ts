/** Options of the instrumentation of errors. */
export interface ErrorOptions {
  /** Messages that are not recorded, by a part of them or by a pattern. */
  ignore?: readonly (string | RegExp)[];
  /** Most errors per second; what exceeds it is counted as `rate_limited`. Default 10. */
  maxPerSecond?: number;
}

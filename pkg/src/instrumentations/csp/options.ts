/** Options of the instrumentation of content security policies. */
export interface CspOptions {
  /** Most records per page view, the same violation counting once; the excess is counted as `rate_limited`. Default 50. */
  maxViolations?: number;
}

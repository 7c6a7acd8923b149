/** Options of the instrumentation of interactions. */
export interface InteractionOptions {
  /** Which events begin a trace. Default `['click', 'submit']`. */
  events?: readonly string[];
  /** The elements that count; an event elsewhere begins nothing. Default: buttons, links, fields, and what has `data-telemetry`. */
  selector?: string;
  /** Most traces per second; the excess is counted as `rate_limited`. Default 20. */
  maxTracesPerSecond?: number;
}

/** Options of the instrumentation of Web Vitals. */
export interface WebVitalsOptions {
  /** Whether each change is recorded, not only the value when the page is left. Default `false`. */
  reportAllChanges?: boolean;
}

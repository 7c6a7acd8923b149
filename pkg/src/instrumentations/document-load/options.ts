/** Options of the instrumentation of the page's load. */
import type { UrlRules } from '../../core/url.js';

export interface DocumentLoadOptions {
  /** Whether what the page loads (scripts, styles, pictures, fonts) gets spans. Default `true`. */
  resources?: boolean;
  /** Most spans of resources per page view; the excess is counted as `rate_limited`. Default 100. */
  maxResources?: number;
  /** Resources without a span, by the beginning of their URL or by a pattern. */
  ignoreUrls?: UrlRules;
}

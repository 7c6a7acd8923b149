/** Options of the instrumentation of `XMLHttpRequest`. */
import type { RequestOptions } from '../http.js';

export type XhrOptions = RequestOptions;

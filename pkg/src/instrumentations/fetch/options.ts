/** Options of the instrumentation of `fetch`. */
import type { RequestOptions } from '../http.js';

export type FetchOptions = RequestOptions;

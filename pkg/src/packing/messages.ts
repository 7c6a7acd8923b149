/** What the page and its worker say to each other. */
import type { Lot } from './lot.js';

/** The page's first message: the compiled module, the frame with its settings, and where requests go. */
export interface Beginning {
  readonly module: WebAssembly.Module;
  readonly text: string;
  readonly numbers: Float64Array;
  readonly url: string;
  readonly headers: Record<string, string>;
}

/**
 * A lot to be packed; `last` if the request ends with it. A number alone: send the request which begins with that lot; 0:
 * forget whatever is not being sent.
 */
export type Order = readonly [id: number, lot: Lot, last: boolean] | number;

/** A request. */
export interface Packed {
  /** The lots in it: from this one to that. */
  readonly from: number;
  readonly to: number;
  /** Nothing where it is so large that it may be sent from there as well: it would not outlive the page. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** How many spans are in it. */
  readonly items: number;
  /** How many of these lots were too large. */
  readonly tooLarge: number;
}

/** What has become of the request that begins with that lot: HTTP status, 0 for none, the pause asked for or -1, the body. */
export interface Outcome {
  readonly of: number;
  readonly status: number;
  readonly pause: number;
  readonly answer: Uint8Array;
}

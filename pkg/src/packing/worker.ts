/**
 * The worker: makes requests of lots of spans, encoded by the module as the page would, and compressed. It gives them back, because
 * only the page's own requests outlive the page; those that are too large for that it sends, once the page has told it to.
 * What becomes of them is the page's concern.
 */
import { gzip } from './gzip.js';
import type { Lot } from './lot.js';
import { Maker } from './maker.js';
import type { Beginning, Order, Packed } from './messages.js';
import { post } from './post.js';

/** A request ends where it has so many, before compression. */
const REQUEST_BYTES = 1000 * 1024;
/** As in `transport.ts`. */
const KEEPALIVE_BYTES = 60 * 1024;

const page = globalThis as unknown as { onmessage: (event: MessageEvent<Beginning | Order>) => void; postMessage(message: unknown, transfer?: Transferable[]): void };
let maker: Maker;
let url = '';
let headers: Record<string, string> = {};
/** The first lot of the request that was begun, or 0. */
let from = 0;
/** Too large since it began, as far as the page knows. */
let told = 0;
/** How often all was to be forgotten. */
let forgotten = 0;
/** What may be sent from here, by its first lot. */
const large = /*@__PURE__*/ new Map<number, Uint8Array<ArrayBuffer>>();

const pack = async (id: number, lot: Lot, last: boolean): Promise<void> => {
  const first = (from ||= id);
  maker.add(lot);
  const { waiting, tooLarge: all } = maker.counters();
  if (!last && waiting < REQUEST_BYTES) return;
  const before = forgotten;
  const made = maker.take();
  const { items } = made;
  const tooLarge = all - told;
  told = all;
  from = 0;
  let body: Uint8Array<ArrayBuffer> | undefined = await gzip(made.body);
  if (before !== forgotten) return;
  const transfer = [body.buffer];
  if (body.length > KEEPALIVE_BYTES) {
    large.set(first, body);
    body = undefined;
    transfer.pop();
  }
  const packed: Packed = { from: first, to: id, body, items, tooLarge };
  page.postMessage(packed, transfer);
};

const send = async (of: number): Promise<void> => {
  const body = large.get(of);
  if (!body) return;
  large.delete(of);
  page.postMessage(await post(globalThis.fetch.bind(globalThis), of, url, headers, body, false));
};

const forget = (): void => {
  forgotten++;
  large.clear();
  maker.take();
  told = maker.counters().tooLarge;
  from = 0;
};

page.onmessage = ({ data }) => {
  if (data === 0) forget();
  else if (typeof data === 'number') void send(data);
  else if ('module' in data) {
    ({ url, headers } = data);
    maker = new Maker(data);
  } else void pack(...data);
};

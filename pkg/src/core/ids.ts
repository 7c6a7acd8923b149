/**
 * Ids and the sampling decision of new traces.
 *
 * They are made here, because the first spans need them long before the WebAssembly module is there. Random
 * bytes are drawn in blocks; asking the platform for every id would cost more than all the rest of a span.
 */

const HEX = /*@__PURE__*/ Array.from({ length: 256 }, (_, byte) => (byte + 256).toString(16).slice(1));
const pool = /*@__PURE__*/ new Uint8Array(1024);
let at = pool.length;

/** An id of that many bytes, as lower-case hex. */
export const id = (bytes: number): string => {
  if (at + bytes > pool.length) {
    crypto.getRandomValues(pool);
    at = 0;
  }
  let text = '';
  for (const end = at + bytes; at < end; ) text += HEX[pool[at++]!];
  // Zeros only would mean "no id".
  return /[^0]/.test(text) ? text : id(bytes);
};

/**
 * Whether a trace is recorded: the leading 52 of the lower 64 bits of its id, as a fraction, are below the
 * ratio. It follows from the id alone, so whoever knows both comes to the same decision.
 */
export const samples = (traceId: string, ratio: number): boolean =>
 // What is no number records everything, as without one.
  !(ratio < 1) || parseInt(traceId.slice(16, 29), 16) < ratio * 2 ** 52;

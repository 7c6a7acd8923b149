/**
 * Ids and the sampling decision of new traces.
 *
 * They are made here, because the first spans need them long before the WebAssembly module is there. Random
 * bytes are drawn and written out in blocks, of which an id is a piece; asking the platform for every id would cost
 * more than all the rest of a span.
 */

const pool = /*@__PURE__*/ new Uint8Array(2048) as Uint8Array<ArrayBuffer> & { toHex?(): string };
let hex = '';
let at = 0;

/** An id of that many bytes, as lower-case hex. */
export const id = (bytes: number): string => {
  at += 2 * bytes;
  if (at > hex.length) {
    // Zeros only would mean "no id".
    do {
      crypto.getRandomValues(pool);
      hex = pool.toHex?.() ?? Array.from(pool, (byte) => (byte + 256).toString(16).slice(1)).join('');
    } while (/0{16}/.test(hex));
    at = 2 * bytes;
  }
  return hex.slice(at - 2 * bytes, at);
};

/**
 * Whether a trace is recorded: the leading 52 of the lower 64 bits of its id, as a fraction, are below the
 * ratio. It follows from the id alone, so whoever knows both comes to the same decision.
 */
export const samples = (traceId: string, ratio: number): boolean =>
 // What is no number records everything, as without one.
  !(ratio < 1) || parseInt(traceId.slice(16, 29), 16) < ratio * 2 ** 52;

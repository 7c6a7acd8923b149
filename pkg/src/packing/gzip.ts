/**
 * Gzip: as the platform does it, or at once where there is no time for that, or no `CompressionStream`.
 *
 * Our own takes one candidate for each match, and one block with the codes that every reader knows ("fixed Huffman",
 * <https://www.rfc-editor.org/rfc/rfc1951#section-3.2.6>): spans repeat each other so much that they shrink to a tenth all the
 * same.
 */

const FARTHEST = 32768;
/** As short as a match can be found by its hash. */
const SHORTEST = 4;
/** Longer ones have codes of another shape, and are hardly better than two. */
const LONGEST = 114;
const END = 256;

/** Tables, made when they are needed first. */
let codes: Uint16Array | undefined;
/** CRC-32 of each byte. */
const crcs = /*@__PURE__*/ new Int32Array(256);

const reversed = (code: number, length: number): number => {
  let bits = 0;
  while (length--) {
    bits = (bits << 1) | (code & 1);
    code >>= 1;
  }
  return bits;
};

/** The code of each symbol, first bit lowest, and its length above it. */
const prepare = (): Uint16Array => {
  const made = new Uint16Array(280);
  for (let symbol = 0; symbol < made.length; symbol++) {
    const [code, length] = symbol < 144 ? [symbol + 0x30, 8] : symbol < END ? [symbol + 0x100, 9] : [symbol - END, 7];
    made[symbol] = reversed(code, length) | (length << 12);
  }
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (-(crc & 1) & 0xedb88320);
    crcs[byte] = crc;
  }
  return made;
};

/** `input` as a gzip file. */
export const gzipNow = (input: Uint8Array): Uint8Array<ArrayBuffer> => {
  const table = (codes ??= prepare());
  const { length } = input;
  const seen = new Int32Array(4096).fill(-FARTHEST - 1);
  // A byte becomes nine bits at most.
  const out = new Uint8Array(length + (length >> 3) + 32);
  // Deflate, no name, no time, unknown system.
  out.set([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
  let written = 10;
  // The last block, with fixed codes.
  let bits = 0b011;
  let used = 3;
  const put = (value: number, count: number): void => {
    bits |= value << used;
    used += count;
    while (used > 7) {
      out[written++] = bits;
      bits >>>= 8;
      used -= 8;
    }
  };
  const symbol = (value: number): void => put(table[value]! & 0xfff, table[value]! >> 12);
  let crc = -1;
  for (let at = 0; at < length; ) {
    let match = 0;
    let distance = 0;
    const most = Math.min(LONGEST, length - at);
    if (most >= SHORTEST) {
      const word = input[at]! | (input[at + 1]! << 8) | (input[at + 2]! << 16) | (input[at + 3]! << 24);
      const hash = Math.imul(word, 0x9e3779b1) >>> 20;
      const before = seen[hash]!;
      seen[hash] = at;
      distance = at - before;
      if (distance <= FARTHEST) while (match < most && input[before + match] === input[at + match]) match++;
    }
    if (match < SHORTEST) {
      symbol(input[at]!);
      match = 1;
    } else {
      let value = match - 3;
      let extra = Math.max(0, 29 - Math.clz32(value));
      symbol(END + 1 + 4 * extra + (value >> extra));
      put(value & ((1 << extra) - 1), extra);
      value = distance - 1;
      extra = Math.max(0, 30 - Math.clz32(value));
      put(reversed(2 * extra + (value >> extra), 5), 5);
      put(value & ((1 << extra) - 1), extra);
    }
    for (const end = at + match; at < end; at++) crc = (crc >>> 8) ^ crcs[(crc ^ input[at]!) & 255]!;
  }
  symbol(END);
  // Whatever is left of the last byte.
  put(0, 7);
  const view = new DataView(out.buffer);
  view.setInt32(written, ~crc, true);
  view.setUint32(written + 4, length, true);
  return out.slice(0, written + 8);
};

/** The same, by the platform where it can. */
export const gzip = async (input: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  typeof CompressionStream === 'undefined'
    ? gzipNow(input)
    : new Uint8Array(await new Response(new Blob([input]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer());

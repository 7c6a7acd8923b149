// The WebAssembly module as text in the engine's chunk: as a file of its own it would be one more request, and one more thing
// that a server can serve wrongly.
//
// A character for each of the 92 smallest bytes, which are nearly all there are, and two for the others: printable ASCII, so
// neither a page's encoding nor what a minifier thinks of other characters matters. `src/core/module.ts` reads it. With brotli it
// has 60 bytes more than the module; base64 would have 1 200.

const FIRST = 35;
const PLAIN = 92;

/** `bytes` as text; throws if they would not come back. */
export const embed = (bytes) => {
  const text = Array.from(bytes, (byte) => ['', ' ', '!'][Math.floor(byte / PLAIN)] + String.fromCharCode((byte % PLAIN) + FIRST)).join('');
  if (!/^[ -~]*$/.test(text) || text.includes('"')) throw new Error('the module’s text has characters that it must not have');
  return text;
};

/** What a backend says about spans that it did not take. */

/** How many spans a backend has thrown away: field 1 of field 1 of its answer; as in `response.rs`. */
export const rejected = (answer: Uint8Array): number => {
  let count = 0;
  if (answer[0] !== 0x0a || answer[2] !== 0x08) return 0;
  for (let at = 3, factor = 1; at < answer.length; at++, factor *= 128) {
    count += (answer[at]! & 127) * factor;
    if (answer[at]! < 128) return count;
  }
  return 0;
};

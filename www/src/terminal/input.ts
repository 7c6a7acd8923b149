/** What goes from the keyboard to the shell, in pieces the server takes. */

/** Most characters of one `terminal:input`; a longer paste goes out in several. */
export const MOST_CHARACTERS = 8192

/** Cuts text without cutting a character that takes two code units. */
export function inChunks(text: string, most = MOST_CHARACTERS): string[] {
  const chunks: string[] = []
  let from = 0
  while (from < text.length) {
    let to = Math.min(text.length, from + most)
    const code = text.charCodeAt(to - 1)
    if (to < text.length && to - from > 1 && code >= 0xd800 && code <= 0xdbff) to -= 1
    chunks.push(text.slice(from, to))
    from = to
  }
  return chunks
}

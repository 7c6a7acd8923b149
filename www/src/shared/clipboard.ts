/** The clipboard, where the browser lets a page have it (HTTPS or localhost, and the person agreed). */

/** Copies; gives `null` when it worked, otherwise why not and what to do. */
export async function copyText(text: string): Promise<string | null> {
  if (!navigator.clipboard) return 'The browser gives pages the clipboard only over HTTPS or on localhost. Use its own menu instead.'
  try {
    await navigator.clipboard.writeText(text)
    return null
  } catch {
    return 'The browser refused the clipboard. Allow it for this page, or use its own menu.'
  }
}

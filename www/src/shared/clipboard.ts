/** The clipboard, where the browser lets a page have it (HTTPS or localhost, and the person agreed). */

export type ClipboardResult = { ok: true; text: string } | { ok: false; why: string }

const INSECURE = 'The browser gives pages the clipboard only over HTTPS or on localhost. Use its own menu instead.'
const REFUSED = 'The browser refused the clipboard. Allow it for this page, or use its own menu.'

export async function copyText(text: string): Promise<ClipboardResult> {
  if (!navigator.clipboard) return { ok: false, why: INSECURE }
  try {
    await navigator.clipboard.writeText(text)
    return { ok: true, text }
  } catch {
    return { ok: false, why: REFUSED }
  }
}

export async function readClipboard(): Promise<ClipboardResult> {
  if (!navigator.clipboard?.readText) return { ok: false, why: INSECURE }
  try {
    return { ok: true, text: await navigator.clipboard.readText() }
  } catch {
    return { ok: false, why: REFUSED }
  }
}

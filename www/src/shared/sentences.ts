/** What the server says is written as `what happened; what to do about it`: made into two sentences to show. */

export interface Said {
  message: string
  /** Empty when the server gave none. */
  remedy: string
}

export function asSentences(text: string): Said {
  const cut = text.lastIndexOf('; ')
  return cut < 0 ? { message: sentence(text), remedy: '' } : { message: sentence(text.slice(0, cut)), remedy: sentence(text.slice(cut + 2)) }
}

function sentence(text: string): string {
  const trimmed = text.trim()
  if (trimmed === '') return ''
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?]$/.test(trimmed) ? '' : '.')
}

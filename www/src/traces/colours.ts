/** One colour per service, the same in every view of the page. The colours themselves are in `styles/tokens.css`. */

const PALETTE_SIZE = 8
const assigned = new Map<string, number>()

/** Our own two services keep their colours whatever else is seen first. */
const preferred = new Map([
  ['aetherterm-frontend', 0],
  ['aetherterm-backend', 1],
])

/** Position in the palette; services share a colour only when there are more of them than colours. */
export function colourIndex(service: string): number {
  const known = assigned.get(service)
  if (known !== undefined) return known
  const start = preferred.get(service) ?? 2 + (hash(service) % (PALETTE_SIZE - 2))
  let index = start
  if (!preferred.has(service) && assigned.size < 1000) {
    const used = new Set([...assigned.values(), ...preferred.values()])
    for (let i = 0; i < PALETTE_SIZE && used.has(index); i += 1) index = (index + 1) % PALETTE_SIZE
    if (used.has(index)) index = start
  }
  if (assigned.size < 1000) assigned.set(service, index)
  return index
}

/** A CSS colour. */
export function serviceColour(service: string): string {
  return `var(--service-${colourIndex(service)})`
}

function hash(text: string): number {
  let value = 2166136261
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 16777619) >>> 0
  return value
}

/** Parts of JSON whose shape is not certain. */

export type Fields = Record<string, unknown>

export const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
export const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0)
export const string = (value: unknown): string => (typeof value === 'string' ? value : '')

/** What a rule asks for: rows of a form, and the `when` of the file of settings. */
import { fields } from '../../shared/raw'

/** Subjects, and whether a key stands beside them. */
export const SUBJECTS = [
  { id: 'resource', label: 'Resource attribute', keyed: true },
  { id: 'attribute', label: 'Attribute', keyed: true },
  { id: 'name', label: 'Name', keyed: false },
  { id: 'kind', label: 'Kind of span', keyed: false },
  { id: 'status', label: 'Status of span', keyed: false },
  { id: 'duration_ms', label: 'Duration (ms)', keyed: false },
  { id: 'severity', label: 'Severity of log', keyed: false },
  { id: 'body', label: 'Body of log', keyed: false },
  { id: 'scope.name', label: 'Scope name', keyed: false },
  { id: 'scope.version', label: 'Scope version', keyed: false },
  { id: 'scope.attribute', label: 'Scope attribute', keyed: true },
] as const

/** Comparisons, in the order in which they are offered. */
export const COMPARISONS = [
  { id: 'equals', label: 'is' },
  { id: 'not equals', label: 'is not' },
  { id: 'any', label: 'is one of' },
  { id: 'glob', label: 'matches glob' },
  { id: 'not glob', label: 'does not match glob' },
  { id: 'regex', label: 'matches regex' },
  { id: 'not regex', label: 'does not match regex' },
  { id: 'exists', label: 'is there' },
  { id: 'missing', label: 'is not there' },
  { id: 'above', label: '>' },
  { id: 'at_least', label: '≥' },
  { id: 'below', label: '<' },
  { id: 'at_most', label: '≤' },
  { id: 'json', label: 'as written in JSON' },
] as const

export type SubjectId = (typeof SUBJECTS)[number]['id']
export type ComparisonId = (typeof COMPARISONS)[number]['id']

/** One row. Rows of the same subject must all hold. */
export interface Condition {
  id: number
  subject: SubjectId
  key: string
  comparison: ComparisonId
  /** `200` is a number, `"200"` a text; lists are separated by commas. */
  text: string
}

export const isKeyed = (subject: SubjectId): boolean => SUBJECTS.some((one) => one.id === subject && one.keyed)
export const hasValue = (comparison: ComparisonId): boolean => comparison !== 'exists' && comparison !== 'missing'

let lastId = 0

export function condition(subject: SubjectId = 'resource', key = '', comparison: ComparisonId = 'equals', text = ''): Condition {
  lastId += 1
  return { id: lastId, subject, key, comparison, text }
}

export function toConditions(when: unknown): Condition[] {
  const rows: Condition[] = []
  for (const [subject, value] of Object.entries(fields(when))) {
    if (subject === 'resource' || subject === 'attribute') {
      for (const [key, test] of Object.entries(fields(value))) rows.push(...toRows(subject, key, test))
    } else if (subject === 'scope') {
      for (const [part, test] of Object.entries(fields(value))) {
        if (part === 'attribute') for (const [key, inner] of Object.entries(fields(test))) rows.push(...toRows('scope.attribute', key, inner))
        else rows.push(...toRows(`scope.${part}` as SubjectId, '', test))
      }
    } else rows.push(...toRows(subject as SubjectId, '', value))
  }
  return rows
}

function toRows(subject: SubjectId, key: string, test: unknown): Condition[] {
  const one = (comparison: ComparisonId, text = '') => condition(subject, key, comparison, text)
  if (isPlain(test)) return [one('equals', written(test))]
  if (Array.isArray(test)) return [isPlainList(test) ? one('any', test.map(written).join(', ')) : one('json', JSON.stringify(test))]
  const rows = Object.entries(fields(test)).map(([comparison, value]) => {
    if (comparison === 'exists') return one(value === false ? 'missing' : 'exists')
    if (comparison === 'any' && Array.isArray(value) && isPlainList(value)) return one('any', value.map(written).join(', '))
    if (comparison === 'not') return negated(one, value)
    const known = COMPARISONS.some((other) => other.id === comparison) && comparison !== 'json' && isPlain(value)
    return known ? one(comparison as ComparisonId, typeof value === 'string' && comparison !== 'equals' ? value : written(value)) : null
  })
  // What has no row of its own is shown as it is written.
  return rows.includes(null) || rows.length === 0 ? [one('json', JSON.stringify(test))] : (rows as Condition[])
}

function negated(one: (comparison: ComparisonId, text?: string) => Condition, value: unknown): Condition | null {
  if (isPlain(value)) return one('not equals', written(value))
  const inner = Object.entries(fields(value))
  const [comparison, text] = inner[0] ?? []
  if (inner.length !== 1 || typeof text !== 'string') return null
  return comparison === 'glob' || comparison === 'regex' ? one(`not ${comparison}`, text) : null
}

/** The `when` of these rows. Rows of one subject become one table, or a list of JSON where two would have the same key. */
export function toWhen(rows: readonly Condition[]): Record<string, unknown> {
  const when: Record<string, unknown> = {}
  for (const row of rows) {
    const path = isKeyed(row.subject) ? [...row.subject.split('.'), row.key.trim()] : row.subject.split('.')
    let table = when
    for (const part of path.slice(0, -1)) table = (table[part] ??= {}) as Record<string, unknown>
    const last = path.at(-1)!
    table[last] = last in table ? both(table[last], toTest(row)) : toTest(row)
  }
  return when
}

function toTest({ comparison, text }: Condition): unknown {
  switch (comparison) {
    case 'equals':
      return plain(text)
    case 'not equals':
      return { not: plain(text) }
    case 'any':
      return splitList(text).map(plain)
    case 'not glob':
      return { not: { glob: text } }
    case 'not regex':
      return { not: { regex: text } }
    case 'exists':
      return { exists: true }
    case 'missing':
      return { exists: false }
    case 'json':
      return parsed(text)
    case 'glob':
    case 'regex':
      return { [comparison]: text }
    default:
      return { [comparison]: plain(text) }
  }
}

/** Both must hold: one table of comparisons, unless they have the same key; then neither may fail. */
function both(first: unknown, second: unknown): unknown {
  const [a, b] = [asTable(first), asTable(second)]
  const clash = Object.keys(a).some((key) => key in b)
  return clash ? { not: { any: [{ not: first }, { not: second }] } } : { ...a, ...b }
}

function asTable(test: unknown): Record<string, unknown> {
  if (Array.isArray(test)) return { any: test }
  return isPlain(test) ? { equals: test } : fields(test)
}

const isPlain = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value)
// A text with a comma could not be told from two.
const isPlainList = (values: unknown[]) => values.length > 0 && values.every((value) => isPlain(value) && !(typeof value === 'string' && /[,"]/.test(value)))

/** A number or a truth value as it is, a text without quotes where it cannot be taken for one. */
export function written(value: unknown): string {
  if (typeof value !== 'string') return String(value)
  return typeof plain(value) === 'string' && plain(value) === value ? value : JSON.stringify(value)
}

export function plain(text: string): string | number | boolean {
  const trimmed = text.trim()
  if (trimmed === 'true' || trimmed === 'false') return trimmed === 'true'
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed)
  if (/^".*"$/.test(trimmed)) {
    const value = parsed(trimmed)
    if (typeof value === 'string') return value
  }
  return text
}

/** JSON; what is none is a text, about which the server says what it expects. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return text
  }
}

/** `status is error`, `service.name matches glob shop-*`. */
export function inWords({ subject, key, comparison, text }: Condition): string {
  const about = isKeyed(subject) ? key.trim() || 'an attribute' : subject === 'duration_ms' ? 'ms' : subject.replace('.', ' ')
  const how = comparison === 'json' ? 'is as in' : (COMPARISONS.find((one) => one.id === comparison)?.label ?? comparison)
  return hasValue(comparison) ? `${about} ${how.replace(/ (glob|regex)$/, '')} ${text}` : `${about} ${how}`
}

export const splitList = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

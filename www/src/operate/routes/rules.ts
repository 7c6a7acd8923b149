/** A rule as a form has it, and as the file of settings has it. */
import { fields, list, number, string } from '../../shared/raw'
import { copied, type RouteConfig } from '../config'
import { SIGNALS, type SignalName } from '../status'
import { condition, inWords, plain, splitList, toConditions, toWhen, written, type Condition } from './conditions'

/** What happens with what a rule matches, besides changes of attributes. */
export type Action = 'send' | 'drop' | 'change'

/** Changes of attributes: keys or globs, separated by commas; `set` has a line `key = value` for each. */
export interface Changes {
  set: string
  delete: string
  hash: string
}

export interface RuleForm {
  /** Tells rules apart while names change. */
  id: number
  name: string
  /** Empty for all. */
  signals: SignalName[]
  source: string
  conditions: Condition[]
  /** Percent of the traces; empty for all. */
  share: string
  action: Action
  to: string[]
  goesOn: boolean
  item: Changes
  resource: Changes
  /** Keys that the form does not know, kept as they are. */
  rest: Record<string, unknown>
}

let lastId = 0

export function emptyRule(name = '', to: string[] = []): RuleForm {
  lastId += 1
  return { id: lastId, name, signals: [], source: '', conditions: [], share: '', action: 'send', to, goesOn: false, item: noChanges(), resource: noChanges(), rest: {} }
}

const noChanges = (): Changes => ({ set: '', delete: '', hash: '' })

export function toRule(route: RouteConfig): RuleForm {
  const { name, signals, source, when, share, to, drop, continue: goesOn, set, delete: remove, hash, resource, ...rest } = route
  const texts = (value: unknown) => (typeof value === 'string' ? [value] : list(value).map(string))
  return {
    ...emptyRule(string(name)),
    signals: SIGNALS.filter((signal) => texts(signals).includes(signal)),
    source: texts(source).join(', '),
    conditions: toConditions(when),
    share: share === undefined ? '' : String(rounded(number(share) * 100)),
    action: drop === true ? 'drop' : to === undefined ? 'change' : 'send',
    to: texts(to),
    goesOn: goesOn === true,
    item: toChanges({ set, delete: remove, hash }),
    resource: toChanges(fields(resource)),
    rest,
  }
}

function toChanges({ set, delete: remove, hash }: Record<string, unknown>): Changes {
  const texts = (value: unknown) => (typeof value === 'string' ? value : list(value).map(string).join(', '))
  return {
    set: Object.entries(fields(set))
      .map(([key, value]) => `${key} = ${written(value)}`)
      .join('\n'),
    delete: texts(remove),
    hash: texts(hash),
  }
}

export function toRoute(rule: RuleForm): RouteConfig {
  const route: RouteConfig = { name: rule.name.trim(), ...rule.rest }
  if (rule.signals.length > 0) route.signals = [...rule.signals]
  if (rule.source.trim()) route.source = splitList(rule.source)
  const when = toWhen(rule.conditions)
  if (Object.keys(when).length > 0) route.when = when
  if (rule.share.trim()) route.share = shareOf(rule.share)
  Object.assign(route, fromChanges(rule.item))
  const resource = fromChanges(rule.resource)
  if (Object.keys(resource).length > 0) route.resource = resource
  if (rule.action === 'send') {
    route.to = [...rule.to]
    if (rule.goesOn) route.continue = true
  }
  if (rule.action === 'drop') route.drop = true
  return route
}

function fromChanges(changes: Changes): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  const lines = changes.set.split('\n').filter((line) => line.trim() !== '')
  if (lines.length > 0) {
    result.set = Object.fromEntries(
      lines.map((line) => {
        const cut = line.indexOf('=')
        return cut < 0 ? [line.trim(), ''] : [line.slice(0, cut).trim(), plain(line.slice(cut + 1).trim())]
      }),
    )
  }
  if (changes.delete.trim()) result.delete = splitList(changes.delete)
  if (changes.hash.trim()) result.hash = splitList(changes.hash)
  return result
}

/** A number between 0 and 1 of a percentage; what is none goes to the server as it is, which says what it expects. */
function shareOf(percent: string): number | string {
  const plainNumber = Number(percent.trim().replace(/%$/, ''))
  return Number.isFinite(plainNumber) ? rounded(plainNumber / 100) : percent
}

/** Without the dust of binary fractions. */
const rounded = (value: number) => Number(value.toPrecision(12))

/** The rule in one line, for those that are folded. */
export function summary(rule: RuleForm): string {
  const what = rule.signals.length > 0 ? rule.signals.join(' and ') : 'everything'
  const source = rule.source.trim() ? ` from ${rule.source.trim()}` : ''
  const asks = rule.conditions.length > 0 ? ` where ${rule.conditions.slice(0, 3).map(inWords).join(', ')}${rule.conditions.length > 3 ? ', …' : ''}` : ''
  const share = rule.share.trim() ? `${rule.share.trim().replace(/%$/, '')} % of ` : ''
  return `${share}${what}${source}${asks}`
}

/** A copy under a name of its own, to be changed. */
export function copyOf(rule: RuleForm, taken: string[]): RuleForm {
  let name = `${rule.name} (copy)`
  for (let n = 2; taken.includes(name); n += 1) name = `${rule.name} (copy ${n})`
  const conditions = rule.conditions.map((row) => condition(row.subject, row.key, row.comparison, row.text))
  return { ...rule, id: emptyRule().id, name, conditions, signals: [...rule.signals], to: [...rule.to], item: { ...rule.item }, resource: { ...rule.resource }, rest: copied(rule.rest) }
}

/** What is different between two states of the configuration, in words. */
import { same, type Configuration } from './config'

/** What a form changes: one destination, all rules, or everything. */
export type Subject = { destination: string } | 'routes' | 'all'

type Named = { name?: string; [key: string]: unknown }

/** What somebody else changed of a form's subject between `before` and `after`; empty where nothing of it. */
export function changesOf(before: Configuration, after: Configuration, subject: Subject): string[] {
  if (subject === 'routes') return routesOf(before, after)
  if (subject === 'all') return [...destinationsOf(before, after), ...routesOf(before, after)]
  return destinationsOf(before, after, subject.destination)
}

function destinationsOf(before: Configuration, after: Configuration, only?: string): string[] {
  const chosen = (all: Named[]) => (only === undefined ? all : all.filter(({ name }) => name === only))
  return differences('Destination', chosen(before.destinations), chosen(after.destinations))
}

function routesOf(before: Configuration, after: Configuration): string[] {
  const said = differences('Rule', before.routes, after.routes)
  const names = (all: Named[]) => all.map(({ name }) => name)
  const kept = (all: Named[], other: Named[]) => names(all).filter((name) => names(other).includes(name))
  if (!same(kept(before.routes, after.routes), kept(after.routes, before.routes))) said.push('The order of the rules was changed.')
  return said
}

function differences(what: string, before: Named[], after: Named[]): string[] {
  const said: string[] = []
  for (const old of before) {
    const now = after.find(({ name }) => name === old.name)
    if (!now) said.push(`${what} “${old.name ?? ''}” was removed.`)
    else said.push(...fieldsOf(old, now).map((field) => `${what} “${old.name ?? ''}”: ${field}.`))
  }
  for (const now of after) if (!before.some(({ name }) => name === now.name)) said.push(`${what} “${now.name ?? ''}” was added.`)
  return said
}

function fieldsOf(old: Named, now: Named): string[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])]
  return keys
    .filter((key) => !same(old[key], now[key]))
    .map((key) => {
      if (now[key] === undefined) return `${key} was taken away (${shown(old[key])})`
      if (old[key] === undefined) return `${key} was set to ${shown(now[key])}`
      return `${key} went from ${shown(old[key])} to ${shown(now[key])}`
    })
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

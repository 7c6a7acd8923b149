/** What spans and log records may hold, beyond what the encoder bounds anyway. */
import { per } from '../../core/per.js';
import { type EventRecord, type LinkRecord, SPAN } from '../../core/records.js';
import type { Attributes } from '../../types.js';
import { BOUND, type Item, stage } from '../stages.js';

/**
 * Limits by the names of the specification (<https://opentelemetry.io/docs/specs/otel/common/#attribute-limits>,
 * <https://opentelemetry.io/docs/specs/otel/trace/sdk/#span-limits>). Each can only be lowered below what holds without it.
 */
export interface Limits {
  /** Most attributes of a span or log record. Default 128. */
  attributeCountLimit?: number;
  /** Longest text in an attribute, in UTF-16 units. Default 4096. */
  attributeValueLengthLimit?: number;
  /** Most events of a span. Default 128. */
  eventCountLimit?: number;
  /** Most links of a span. Default 128. */
  linkCountLimit?: number;
  /** Most attributes of an event. Default 128. */
  attributePerEventCountLimit?: number;
  /** Most attributes of a link. Default 128. */
  attributePerLinkCountLimit?: number;
}

/** What a limit may be. */
export const isLimit = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

const cut = <T>(value: T, length: number): T => {
  if (Array.isArray(value)) return value.map((element: unknown) => cut(element, length)) as T;
  if (typeof value !== 'string' || value.length <= length) return value;
  // Half a character is none.
  return value.slice(0, length).replace(/[\ud800-\udbff]$/, '') as T;
};

/** Leaves the first ones of the attributes, and counts the others. */
const bound = (what: Item | EventRecord | LinkRecord, most: number, length: number): void => {
  const kept: Attributes = {};
  let count = 0;
  let dropped = what.droppedAttributes ?? 0;
  for (const key in what.attributes) {
    const value = what.attributes[key];
    if (value === undefined || value === null) continue;
    if (count < most) {
      kept[key] = cut(value, length);
      count++;
    } else dropped++;
  }
  what.attributes = kept;
  what.droppedAttributes = dropped;
};

/** The client's limits, put in with the first call: what is returned sets those of the page, and over them those of the server. */
export const limitsOf = /*@__PURE__*/ per((core) => {
  const said: Record<'own' | 'remote', Limits> = { own: {}, remote: {} };
  let limits: Limits | undefined;

  stage(core, BOUND, (item: Item): void => {
    if (!limits) return;
    const most = (name: keyof Limits): number => limits![name] ?? Infinity;
    const length = most('attributeValueLengthLimit');
    bound(item, most('attributeCountLimit'), length);
    if (item.record !== SPAN) return;
    const { events, links } = item;
    item.events = events.slice(0, most('eventCountLimit'));
    item.droppedEvents += events.length - item.events.length;
    item.links = links.slice(0, most('linkCountLimit'));
    item.droppedLinks += links.length - item.links.length;
    // Copies: their attributes are objects of whoever recorded them.
    for (const [list, name] of [[item.events, 'attributePerEventCountLimit'], [item.links, 'attributePerLinkCountLimit']] as const) {
      list.forEach((one, index) => bound((list[index] = { ...one } as never), most(name), length));
    }
  });

  return (whose: keyof typeof said, values: Limits): void => {
    said[whose] = values;
    const entries = [said.own, said.remote].flatMap(Object.entries).filter(([, value]) => isLimit(value));
    limits = entries.length ? (Object.fromEntries(entries) as Limits) : undefined;
  };
});

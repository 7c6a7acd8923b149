/**
 * Dividing what waits when a page is left: the most important records into requests that fit, and the others.
 *
 * A request is `resource_* = 1 { resource = 1, scope_* = 2 { scope = 1, records = 2 … } }` for each signal
 * (<https://github.com/open-telemetry/opentelemetry-proto/tree/main/opentelemetry/proto>), as the module has
 * written it; records are moved as they are.
 */

/** A request that is not (or not any more) the module's. */
export interface Parcel {
  signal: number;
  items: number;
  body: Uint8Array<ArrayBuffer>;
}

/** As in `queue.rs`: such a request always fits into the budget of requests that outlive the page. */
const MAX_BODY = 48 * 1024;
/** What keys and lengths around the records may take. */
const FRAMING = 32;
const TRACES = 0;
const METRICS = 2;
/** Severity from which a log record is an error, and the status code of a span that is one. */
const ERROR_SEVERITY = 17;
const STATUS_ERROR = 2;

type Field = (field: number, value: number, from: number, to: number) => void;

/** Calls `each` with every field of a message: varints have a value, the others a range of bytes. */
const walk = (bytes: Uint8Array, from: number, to: number, each: Field): void => {
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; from < to; factor *= 128) {
      const byte = bytes[from++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError('cut short');
  };
  while (from < to) {
    const key = varint();
    const wire = key & 7;
    const value = wire === 0 || wire === 2 ? varint() : 0;
    const length = wire === 2 ? value : wire === 1 ? 8 : wire === 5 ? 4 : 0;
    if (from + length > to) throw new RangeError('cut short');
    each(key >>> 3, value, from, from + length);
    from += length;
  }
};

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, index) => byte === b[index]);

interface Unit {
  signal: number;
  items: number;
  bytes: Uint8Array;
  error: boolean;
  trace?: Uint8Array;
  /** What stands before the records; without it the bytes are a whole request. */
  envelope?: Envelope;
}

interface Envelope {
  resource: Uint8Array;
  scope: Uint8Array;
}

/** One record, and what decides how important it is. */
const unit = (signal: number, bytes: Uint8Array, envelope: Envelope): Unit => {
  const one: Unit = { signal, items: 1, bytes, error: false, envelope };
  const { length } = bytes;
  walk(bytes, 0, length, (field, value, from, to) => {
    if (field === (signal === TRACES ? 1 : 9)) one.trace = bytes.subarray(from, to);
    else if (signal !== TRACES) one.error ||= field === 2 && value >= ERROR_SEVERITY;
    else if (field === 15) walk(bytes, from, to, (inner, code) => void (one.error ||= inner === 3 && code === STATUS_ERROR));
  });
  return one;
};

/** The records of a request, or the request itself where they are not to be told apart. */
const units = ({ signal, items, body }: Parcel): Unit[] => {
  const whole = [{ signal, items, bytes: body, error: false }];
  if (signal === METRICS) return whole;
  try {
    const found: Unit[] = [];
    const envelope: Envelope = { resource: new Uint8Array(), scope: new Uint8Array() };
    walk(body, 0, body.length, (_request, _value, start, end) =>
      walk(body, start, end, (part, _value, from, to) => {
        if (part === 1) envelope.resource = body.subarray(from, to);
        else
          walk(body, from, to, (field, _value, from, to) => {
            const bytes = body.subarray(from, to);
            if (field === 1) envelope.scope = bytes;
            else found.push(unit(signal, bytes, envelope));
          });
      }),
    );
    return found.length === items ? found : whole;
  } catch {
    return whole;
  }
};

/** A field that holds other bytes. */
const field = (number: number, ...content: Uint8Array[]): Uint8Array[] => {
  const length = content.reduce((sum, { length }) => sum + length, 0);
  const head = [number * 8 + 2];
  let rest = length;
  for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest & 127) | 128);
  return [new Uint8Array([...head, rest]), ...content];
};

const assemble = ({ signal, envelope }: Unit, members: Unit[]): Parcel => {
  const records = members.flatMap(({ bytes }) => (envelope ? field(2, bytes) : [bytes]));
  const parts = envelope ? field(1, ...field(1, envelope.resource), ...field(2, ...field(1, envelope.scope), ...records)) : records;
  const body = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return { signal, items: members.reduce((sum, { items }) => sum + items, 0), body };
};

/** Requests of at most {@link MAX_BODY} bytes that grow as long as `room` allows. */
class Packer {
  private readonly groups: Unit[][] = [];
  private readonly sizes = new Map<Unit[], number>();
  private readonly open = new Map<number, Unit[]>();

  constructor(private room: number) {}

  /** Whether there was room. */
  add(unit: Unit): boolean {
    const { signal, bytes, envelope } = unit;
    let group = envelope && this.open.get(signal);
    let size = bytes.length + (envelope ? 6 : 0);
    if (group && this.sizes.get(group)! + size > MAX_BODY) group = undefined;
    if (!group && envelope) size += envelope.resource.length + envelope.scope.length + FRAMING;
    if (size > this.room) return false;
    this.room -= size;
    if (!group) {
      this.groups.push((group = []));
      if (envelope) this.open.set(signal, group);
    }
    group.push(unit);
    this.sizes.set(group, (this.sizes.get(group) ?? 0) + size);
    return true;
  }

  parcels(): Parcel[] {
    return this.groups.map((members) => assemble(members[0]!, members));
  }
}

/**
 * What is sent now, in at most `budget` bytes, the most important first (errors, then what belongs to `trace`, by
 * default that of the latest span, then everything else), and what is not.
 */
export const divide = (parcels: readonly Parcel[], budget: number, trace?: string): { now: Parcel[]; rest: Parcel[] } => {
  const now = new Packer(budget);
  const rest = new Packer(Infinity);
  const waiting = parcels.flatMap(units);
  const current = trace ? Uint8Array.from(trace.match(/../g)!, (pair) => parseInt(pair, 16)) : waiting.findLast(({ signal, trace }) => signal === TRACES && trace)?.trace;
  const rank = ({ error, trace }: Unit): number => (error ? 0 : current && trace && same(trace, current) ? 1 : 2);
  const ranks = new Map(waiting.map((one) => [one, rank(one)]));
  // Sorting is stable, so records keep their order.
  waiting.sort((a, b) => ranks.get(a)! - ranks.get(b)!);
  for (const one of waiting) if (!now.add(one)) rest.add(one);
  return { now: now.parcels(), rest: rest.parcels() };
};

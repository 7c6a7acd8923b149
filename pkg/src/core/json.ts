/**
 * OTLP/JSON, for backends that take nothing else: loaded only by pages that ask for it. What the module has encoded is read
 * and written anew, so everything that knows requests as protobuf (the queue, the offline store) stays as it is.
 *
 * The mapping is that of proto3 with OTLP's exceptions (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>):
 * keys in lowerCamelCase, ids in hex, enums as numbers; 64-bit integers are strings, other bytes base64.
 */
import type { Engine } from './engine.js';
import type { Codec, Request } from './transport.js';

/** How a field is written: text, hex, base64, a small number, a 64-bit one with or without a sign, a double, a boolean. */
type Scalar = 'text' | 'hex' | 'base64' | 'number' | 'signed' | 'unsigned' | 'double' | 'bool';
/** Of which message, where it is one; `*` behind either says that there are several. */
type Fields = Record<number, readonly [name: string, type: string]>;

const KEY_VALUES = ['attributes', 'KeyValue*'] as const;
const DROPPED = ['droppedAttributesCount', 'number'] as const;
const TIMES: Fields = { 2: ['startTimeUnixNano', 'unsigned'], 3: ['timeUnixNano', 'unsigned'] };

const group = (records: string, type: string): Record<string, Fields> => {
  const suffix = records[0]!.toUpperCase() + records.slice(1);
  return {
    [type]: { 1: [`resource${suffix}`, `Resource${type}*`] },
    [`Resource${type}`]: { 1: ['resource', 'Resource'], 2: [`scope${suffix}`, `Scope${type}*`], 3: ['schemaUrl', 'text'] },
    [`Scope${type}`]: { 1: ['scope', 'Scope'], 2: [records === 'logs' ? 'logRecords' : records, `${type}Record*`], 3: ['schemaUrl', 'text'] },
  };
};

const MESSAGES: Record<string, Fields> = {
  ...group('spans', 'Span'),
  ...group('logs', 'Log'),
  ...group('metrics', 'Metric'),
  Resource: { 1: KEY_VALUES, 2: DROPPED },
  Scope: { 1: ['name', 'text'], 2: ['version', 'text'], 3: KEY_VALUES, 4: DROPPED },
  KeyValue: { 1: ['key', 'text'], 2: ['value', 'AnyValue'] },
  AnyValue: {
    1: ['stringValue', 'text'],
    2: ['boolValue', 'bool'],
    3: ['intValue', 'signed'],
    4: ['doubleValue', 'double'],
    5: ['arrayValue', 'Array'],
    6: ['kvlistValue', 'List'],
    7: ['bytesValue', 'base64'],
  },
  Array: { 1: ['values', 'AnyValue*'] },
  List: { 1: ['values', 'KeyValue*'] },
  SpanRecord: {
    1: ['traceId', 'hex'],
    2: ['spanId', 'hex'],
    3: ['traceState', 'text'],
    4: ['parentSpanId', 'hex'],
    5: ['name', 'text'],
    6: ['kind', 'number'],
    7: ['startTimeUnixNano', 'unsigned'],
    8: ['endTimeUnixNano', 'unsigned'],
    9: KEY_VALUES,
    10: DROPPED,
    11: ['events', 'Event*'],
    12: ['droppedEventsCount', 'number'],
    13: ['links', 'Link*'],
    14: ['droppedLinksCount', 'number'],
    15: ['status', 'Status'],
    16: ['flags', 'number'],
  },
  Event: { 1: ['timeUnixNano', 'unsigned'], 2: ['name', 'text'], 3: KEY_VALUES, 4: DROPPED },
  Link: { 1: ['traceId', 'hex'], 2: ['spanId', 'hex'], 3: ['traceState', 'text'], 4: KEY_VALUES, 5: DROPPED, 6: ['flags', 'number'] },
  Status: { 2: ['message', 'text'], 3: ['code', 'number'] },
  LogRecord: {
    1: ['timeUnixNano', 'unsigned'],
    2: ['severityNumber', 'number'],
    3: ['severityText', 'text'],
    5: ['body', 'AnyValue'],
    6: KEY_VALUES,
    7: DROPPED,
    8: ['flags', 'number'],
    9: ['traceId', 'hex'],
    10: ['spanId', 'hex'],
    11: ['observedTimeUnixNano', 'unsigned'],
    12: ['eventName', 'text'],
  },
  MetricRecord: { 1: ['name', 'text'], 2: ['description', 'text'], 3: ['unit', 'text'], 5: ['gauge', 'Gauge'], 7: ['sum', 'Sum'], 9: ['histogram', 'Histogram'] },
  Gauge: { 1: ['dataPoints', 'Number*'] },
  Sum: { 1: ['dataPoints', 'Number*'], 2: ['aggregationTemporality', 'number'], 3: ['isMonotonic', 'bool'] },
  Histogram: { 1: ['dataPoints', 'Buckets*'], 2: ['aggregationTemporality', 'number'] },
  Number: { ...TIMES, 4: ['asDouble', 'double'], 6: ['asInt', 'signed'], 7: KEY_VALUES, 8: ['flags', 'number'] },
  Buckets: {
    ...TIMES,
    4: ['count', 'unsigned'],
    5: ['sum', 'double'],
    6: ['bucketCounts', 'unsigned*'],
    7: ['explicitBounds', 'double*'],
    9: KEY_VALUES,
    10: ['flags', 'number'],
    11: ['min', 'double'],
    12: ['max', 'double'],
  },
};
/** By the module's numbers of signals. */
const REQUESTS = ['Span', 'Log', 'Metric'];

const decoder = /*@__PURE__*/ new TextDecoder();

/** A number of 64 bits, or the bytes, of one field. */
const scalar = (type: Scalar, value: bigint | Uint8Array): unknown => {
  if (typeof value !== 'bigint') {
    if (type === 'text') return decoder.decode(value);
    return type === 'hex' ? Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('') : btoa(String.fromCharCode(...value));
  }
  if (type === 'bool') return value !== 0n;
  if (type === 'number') return Number(value);
  if (type !== 'double') return String(type === 'signed' ? BigInt.asIntN(64, value) : value);
  const [number] = new Float64Array(BigUint64Array.of(value).buffer) as unknown as [number];
  return Number.isFinite(number) ? number : String(number);
};

/** Reads the message of that type; fields that OTLP has not had when this was written are left out. */
const read = (type: string, bytes: Uint8Array): Record<string, unknown> => {
  const result: Record<string, unknown> = {};
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = view.getUint8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const fixed = (): bigint => view.getBigUint64((at += 8) - 8, true);
  while (at < bytes.length) {
    const key = Number(varint());
    const wire = key & 7;
    const [name, full = ''] = MESSAGES[type]![key >>> 3] ?? [];
    const inner = full.replace('*', '');
    let value: unknown;
    if (wire === 2) {
      const length = Number(varint());
      const end = at + length;
      const content = bytes.subarray(at, end);
      if (MESSAGES[inner]) value = read(inner, content);
      else if (full === inner) value = scalar(inner as Scalar, content);
      // Packed numbers; the module writes only those of eight bytes.
      else while (at < end) ((result[name!] ??= []) as unknown[]).push(scalar(inner as Scalar, fixed()));
      at = end;
    } else value = scalar(inner as Scalar, wire === 0 ? varint() : wire === 1 ? fixed() : BigInt(view.getUint32((at += 4) - 4, true)));
    if (!name || value === undefined) continue;
    if (full === inner) result[name] = value;
    else ((result[name] ??= []) as unknown[]).push(value);
  }
  // A list without elements is not written in protobuf; a value that is one has to say so.
  if (type === 'Array' || type === 'List') result['values'] ??= [];
  return result;
};

/** A request of the module as OTLP/JSON. */
export const toJson = ({ signal, body }: Pick<Request, 'signal' | 'body'>): string => JSON.stringify(read(REQUESTS[signal]!, body));

/** An answer as it would be in protobuf, as far as it is read: `partialSuccess` with the count of what was rejected. */
export const fromJson = (answer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> => {
  try {
    const { partialSuccess } = JSON.parse(decoder.decode(answer)) as { partialSuccess?: Record<string, unknown> | null };
    const { rejectedSpans, rejectedLogRecords, rejectedDataPoints } = partialSuccess ?? {};
    let count = Number(rejectedSpans ?? rejectedLogRecords ?? rejectedDataPoints ?? 0);
    const digits: number[] = [];
    if (!(count > 0) || !Number.isSafeInteger(count)) return new Uint8Array();
    for (; count > 127; count = Math.floor(count / 128)) digits.push((count & 127) | 128);
    return Uint8Array.of(0x0a, digits.length + 2, 0x08, ...digits, count);
  } catch {
    // No JSON, as in answers of whatever stands before a backend.
    return new Uint8Array();
  }
};

// As in `transport.ts`.
const FINAL = 2;
const KEEPALIVE_BYTES = 60 * 1024;
const LEAVING_MS = 50;
const encoder = /*@__PURE__*/ new TextEncoder();

const coding: Codec = {
  type: 'application/json',
  // Measured: 2.2 to 2.9 times as many bytes.
  growth: 3,
  pack: (request) => encoder.encode(toJson(request)),
  unpack: fromJson,
};

/** Has `engine` speak JSON. */
export const speakJson = (engine: Engine): Engine => {
  engine.coding = coding;
  // What does not fit into the budget of a page that is left is compressed first, for which there is time while it is only hidden.
  engine.sendFinal = () => {
    engine.encodeSome(LEAVING_MS);
    for (let request; (request = engine.take(FINAL, -1)); ) void engine.send(request, engine.reserved + request.body.length * coding.growth <= KEEPALIVE_BYTES);
  };
  return engine;
};

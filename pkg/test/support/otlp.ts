/** Decoding OTLP requests, independently of the code under test: straight from the field numbers of the proto files. */

type Message = Map<number, (bigint | Uint8Array)[]>;

const decode = (bytes: Uint8Array): Message => {
  const fields: Message = new Map();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('truncated varint');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const field = key >> 3;
    let value: bigint | Uint8Array;
    if ((key & 7) === 0) value = varint();
    else if ((key & 7) === 1) {
      value = view.getBigUint64(at, true);
      at += 8;
    } else if ((key & 7) === 5) {
      value = BigInt(view.getUint32(at, true));
      at += 4;
    } else {
      const length = Number(varint());
      if (at + length > bytes.length) throw new Error('truncated field');
      value = bytes.subarray(at, (at += length));
    }
    fields.set(field, [...(fields.get(field) ?? []), value]);
  }
  return fields;
};

const bytes = (message: Message, field: number): Uint8Array[] => (message.get(field) ?? []) as Uint8Array[];
const messages = (message: Message, field: number): Message[] => bytes(message, field).map(decode);
const uint = (message: Message, field: number): number => Number(message.get(field)?.[0] ?? 0n);
const hex = (message: Message, field: number): string => Buffer.from(bytes(message, field)[0] ?? []).toString('hex');
const text = (message: Message, field: number): string => Buffer.from(bytes(message, field)[0] ?? []).toString();
const double = (raw: bigint | Uint8Array | undefined): number => {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, raw as bigint);
  return view.getFloat64(0);
};

const packed = (message: Message, field: number, read: (view: DataView, at: number) => number): number[] => {
  const raw = bytes(message, field)[0] ?? new Uint8Array();
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Array.from({ length: raw.length / 8 }, (_, index) => read(view, index * 8));
};

const anyValue = (value: Message): unknown => {
  if (value.has(1)) return text(value, 1);
  if (value.has(2)) return uint(value, 2) === 1;
  if (value.has(3)) return Number(BigInt.asIntN(64, value.get(3)![0] as bigint));
  if (value.has(4)) return double(value.get(4)![0]);
  if (value.has(5)) return messages(messages(value, 5)[0]!, 1).map(anyValue);
  return undefined;
};

const attributes = (message: Message, field: number): Record<string, unknown> =>
  Object.fromEntries(messages(message, field).map((pair) => [text(pair, 1), anyValue(messages(pair, 2)[0] ?? new Map())]));

/** A count of attributes that were left out, where there is one. */
const dropped = (message: Message, field: number): { droppedAttributes?: number } => (message.has(field) ? { droppedAttributes: uint(message, field) } : {});

export interface DecodedSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: number;
  flags: number;
  start: bigint;
  end: bigint;
  attributes: Record<string, unknown>;
  events: { name: string; attributes: Record<string, unknown>; droppedAttributes?: number }[];
  links: { traceId: string; spanId: string; droppedAttributes?: number }[];
  dropped: { attributes: number; events: number; links: number };
  status: number;
  message: string;
  resource: Record<string, unknown>;
}

/** All records of a request with the attributes of their resource. */
const records = (body: Uint8Array): { record: Message; resource: Record<string, unknown> }[] =>
  messages(decode(body), 1).flatMap((group) => {
    const resource = attributes(messages(group, 1)[0] ?? new Map(), 1);
    return messages(group, 2).flatMap((scope) => messages(scope, 2).map((record) => ({ record, resource })));
  });

export const decodeSpans = (body: Uint8Array): DecodedSpan[] =>
  records(body).map(({ record: span, resource }) => {
    const status = messages(span, 15)[0] ?? new Map();
    return {
      traceId: hex(span, 1),
      spanId: hex(span, 2),
      parentSpanId: hex(span, 4),
      name: text(span, 5),
      kind: uint(span, 6),
      flags: uint(span, 16),
      start: (span.get(7)?.[0] ?? 0n) as bigint,
      end: (span.get(8)?.[0] ?? 0n) as bigint,
      attributes: attributes(span, 9),
      events: messages(span, 11).map((event) => ({ name: text(event, 2), attributes: attributes(event, 3), ...dropped(event, 4) })),
      links: messages(span, 13).map((link) => ({ traceId: hex(link, 1), spanId: hex(link, 2), ...dropped(link, 5) })),
      dropped: { attributes: uint(span, 10), events: uint(span, 12), links: uint(span, 14) },
      status: uint(status, 3),
      message: text(status, 2),
      resource,
    };
  });

export interface DecodedLog {
  severity: number;
  body: unknown;
  eventName: string;
  attributes: Record<string, unknown>;
  traceId: string;
  spanId: string;
  droppedAttributes: number;
}

export const decodeLogs = (body: Uint8Array): DecodedLog[] =>
  records(body).map(({ record: log }) => ({
    severity: uint(log, 2),
    body: anyValue(messages(log, 5)[0] ?? new Map()),
    eventName: text(log, 12),
    attributes: attributes(log, 6),
    traceId: hex(log, 9),
    spanId: hex(log, 10),
    droppedAttributes: uint(log, 7),
  }));

export interface DecodedPoint {
  name: string;
  unit: string;
  attributes: Record<string, unknown>;
  /** Count of a histogram, value of a counter. */
  value: number;
  sum?: number;
  buckets?: number[];
  bounds?: number[];
  /** Of a sum. */
  temporality?: 'delta' | 'cumulative';
  monotonic?: boolean;
  gauge?: true;
}

export const decodeMetrics = (body: Uint8Array): DecodedPoint[] =>
  records(body).flatMap(({ record: metric }) => {
    const name = text(metric, 1);
    const unit = text(metric, 3);
    const number = (point: Message) => ({ name, unit, attributes: attributes(point, 7), value: point.has(4) ? double(point.get(4)![0]) : Number(BigInt.asIntN(64, (point.get(6)?.[0] ?? 0n) as bigint)) });
    const histograms = messages(metric, 9).flatMap((data) => messages(data, 1));
    return [
      ...messages(metric, 7).flatMap((sum) =>
        messages(sum, 1).map((point) => ({ ...number(point), temporality: uint(sum, 2) === 1 ? ('delta' as const) : ('cumulative' as const), monotonic: uint(sum, 3) === 1 })),
      ),
      ...messages(metric, 5).flatMap((gauge) => messages(gauge, 1).map((point) => ({ ...number(point), gauge: true as const }))),
      ...histograms.map((point) => ({
        name,
        unit,
        attributes: attributes(point, 9),
        value: uint(point, 4),
        sum: double(point.get(5)![0]),
        buckets: packed(point, 6, (view, at) => Number(view.getBigUint64(at, true))),
        bounds: packed(point, 7, (view, at) => view.getFloat64(at, true)),
      })),
    ];
  });

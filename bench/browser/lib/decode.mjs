// Counts the spans of a request in whatever form a contestant sends it, and refuses spans that are not whole.

const ATTRIBUTES = 7;

/** The fields of a protobuf message: `[number, value]`, where nested messages are bytes. */
function* fields(bytes) {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a protobuf message ends too early');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length) => {
    if (at + length > bytes.length) throw new Error('a protobuf message ends too early');
    return bytes.subarray(at, (at += length));
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const wire = key & 7;
    if (wire === 0) yield [key >> 3, varint()];
    else if (wire === 1) yield [key >> 3, take(8)];
    else if (wire === 2) yield [key >> 3, take(Number(varint()))];
    else if (wire === 5) yield [key >> 3, take(4)];
    else throw new Error(`wire type ${wire} is none of protobuf`);
  }
}

const nested = (bytes, number) => [...fields(bytes)].filter(([field]) => field === number).map(([, value]) => value);

/** 1 for a span of the load; a page's own spans, with fewer attributes, do not count. */
const whole = (traceId, spanId, attributes) => {
  if (traceId !== 16 || spanId !== 8) throw new Error(`a span whose ids have ${traceId} and ${spanId} bytes`);
  return +(attributes >= ATTRIBUTES);
};

const inProtobuf = (body) => {
  let count = 0;
  for (const resource of nested(body, 1)) {
    for (const scope of nested(resource, 2)) {
      for (const span of nested(scope, 2)) count += whole(nested(span, 1)[0]?.length, nested(span, 2)[0]?.length, nested(span, 9).length);
    }
  }
  return count;
};

const inJson = ({ resourceSpans = [] } = {}) => {
  let count = 0;
  for (const { scopeSpans } of resourceSpans) {
    for (const { spans } of scopeSpans) for (const span of spans) count += whole(span.traceId.length / 2, span.spanId.length / 2, span.attributes.length);
  }
  return count;
};

/** An envelope: lines of JSON, of which every second says what the next one is. */
const inEnvelope = (text) => {
  let count = 0;
  const lines = text.split('\n');
  for (let at = 1; at + 1 < lines.length; at += 2) {
    if (JSON.parse(lines[at]).type !== 'span') continue;
    for (const { trace_id, span_id, attributes } of JSON.parse(lines[at + 1]).items) count += whole(trace_id.length / 2, span_id.length / 2, Object.keys(attributes).length);
  }
  return count;
};

export const spansIn = (path, type, body) => {
  if (path.startsWith('/api/')) return inEnvelope(body.toString());
  if (path.startsWith('/faro')) return inJson(JSON.parse(body).traces);
  if (!path.endsWith('/v1/traces')) return 0;
  return type.includes('json') ? inJson(JSON.parse(body)) : inProtobuf(body);
};

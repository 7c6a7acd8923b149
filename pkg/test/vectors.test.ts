/** The wire format, checked against the table that the server's parsers are checked against. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Decision, type Remote, parseB3, parseTraceparent } from '../src/core/propagation.js';
import { type Carrier, readCarrier, takeTrailing } from '../src/instrumentations/socket/carrier.js';

interface Vector {
  header?: string;
  carrier?: unknown;
  event?: unknown[];
  rest?: unknown[] | null;
  [expected: string]: unknown;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../crates/propagation/tests/vectors.json', import.meta.url), 'utf8'),
) as Record<'b3' | 'traceparent' | 'carrier' | 'trailing', Vector[]>;

const state = ({ sampled, debug }: { sampled?: boolean | undefined; debug?: boolean | undefined }): string =>
  debug ? 'd' : sampled === undefined ? '' : sampled ? '1' : '0';

const describeContext = (found: Remote | Decision | string): Record<string, unknown> => {
  if (typeof found === 'string') return { reject: found };
  if (found.traceId === undefined) return { state: state(found) };
  return { traceId: found.traceId, spanId: found.spanId, state: state(found) };
};

const describeCarrier = ({ context, decision, re, error }: Carrier): Record<string, unknown> => {
  if (!context && decision === undefined && error) return { reject: error };
  return {
    ...(context && describeContext(context)),
    ...(decision !== undefined && { state: state({ sampled: decision }) }),
    ...(re.length && { re }),
    ...(error && { error }),
  };
};

const expectation = ({ header: _h, carrier: _c, event: _e, rest: _r, ...expected }: Vector): unknown =>
  // A decision for debugging is kept as the decision it implies.
  expected['state'] === 'd' && !expected['traceId'] ? { state: '1' } : expected;

describe('shared vectors', () => {
  it.each(vectors.b3)('b3 $header', (vector) => {
    expect(describeContext(parseB3(vector.header!))).toEqual(expectation(vector));
  });

  it.each(vectors.traceparent)('traceparent $header', (vector) => {
    expect(describeContext(parseTraceparent(vector.header!))).toEqual(expectation(vector));
  });

  it.each(vectors.carrier)('carrier %#', (vector) => {
    expect(describeCarrier(readCarrier('trailing', vector.carrier))).toEqual(expectation(vector));
  });

  it.each(vectors.trailing)('trailing %#', (vector) => {
    const args = structuredClone(vector.event!);
    const carrier = takeTrailing(args, false);
    expect(args).toEqual(vector.rest ?? vector.event);
    expect(carrier ? describeCarrier(carrier) : {}).toEqual(expectation(vector));
  });
});

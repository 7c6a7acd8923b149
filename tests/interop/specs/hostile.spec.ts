/** Carriers that are wrong, by mistake or on purpose: handlers run, sockets stay, spans say why. */
import { readFileSync } from 'node:fs';

import type { Socket } from 'socket.io-client';
import { describe, expect, it } from 'vitest';

import { WAYS, acknowledged, client, connect, seen } from '../support/client.js';
import { startRust } from '../support/rust.js';
import { type Span, eventually } from '../support/traces.js';

const B3 = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1';
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

/** What comes as `_trace`, and the reason that the span gives. */
const HOSTILE: [name: string, carrier: unknown, reason: string][] = [
  ['null', null, 'malformed'],
  ['a number', 7, 'malformed'],
  ['a text', B3, 'malformed'],
  ['a list', [B3], 'malformed'],
  ['b3 is a number', { b3: 1e308 }, 'malformed'],
  ['b3 is an object', { b3: { b3: B3 } }, 'malformed'],
  ['b3 is empty', { b3: '' }, 'empty'],
  ['b3 is text', { b3: 'not-a-context' }, 'bad_trace_id'],
  ['b3 has zeros', { b3: `${'0'.repeat(32)}-00f067aa0ba902b7-1` }, 'zero_id'],
  ['b3 too long', { b3: `${B3}-05e3ac9a4f6e3b90-extra` }, 'too_long'],
  ['line breaks', { b3: `${B3}\r\nx: y` }, 'bad_flag'],
  ['traceparent of no version', { traceparent: 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }, 'bad_version'],
  ['re is a list', { b3: B3, re: [] }, 'malformed'],
  ['re is no id', { b3: B3, re: '../../etc/passwd' }, 'bad_reply'],
  ['re has too many', { re: Array(17).fill('00f067aa0ba902b7').join() }, 'bad_reply'],
  ['oversized', { b3: B3, pad: 'x'.repeat(600) }, 'too_long'],
  ['very oversized', { b3: B3, pad: 'x'.repeat(50_000) }, 'too_long'],
  ['deep', nested(200), 'malformed'],
  ['very deep', { b3: B3, deep: nested(2000) }, 'too_long'],
  ['a carrier in a carrier', { _trace: { b3: 1 }, b3: 1 }, 'malformed'],
];

/** Packets that no official client would write, as they go over the wire before the arguments' end. */
const RAW: [name: string, trailing: string, reason: string][] = [
  ['a key twice', `{"_trace":{"b3":"${B3}"},"_trace":{"b3":"${B3}"}}`, 'duplicate'],
  ['a field twice', `{"_trace":{"b3":"${B3}","b3":"${B3}"}}`, 'duplicate'],
  ['escapes in a value', `{"_trace":{"b3":"\\u0030\\u0030"}}`, 'bad_trace_id'],
];

/** Sends one thing, then checks the connection with another. */
const survives = async (socket: Socket): Promise<void> => {
  expect(await acknowledged(socket, 'echo', 'still here')).toEqual(['still here']);
  expect(socket.connected).toBe(true);
};

const errorOf = (all: Span[], name: string): Span => {
  const found = all.filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0]!;
};

describe.each(WAYS)('over %s', (way) => {
  it('events: the handler sees the arguments, the span has the reason', async () => {
    const server = await startRust();
    const socket = await connect(client(server.url, way), way);
    for (const [name, carrier] of HOSTILE) {
      expect(await seen(socket, name, 2, { _trace: carrier }), name).toEqual({ text: `["seen",${JSON.stringify(name)},2]`, attachments: [] });
    }
    expect(await seen(socket, 'twice', { _trace: { b3: B3 } }, { _trace: { b3: B3 } })).toEqual({ text: '["seen","twice"]', attachments: [] });
    await survives(socket);
    await eventually(server, undefined, (all) => {
      const reasons = all
        .filter(({ name }) => name === 'process seen')
        .sort((a, b) => a.start - b.start)
        .map(({ tags, parentId, traceId }) => [tags['aether.propagation.error'], parentId, B3.startsWith(traceId)]);
      // Each begins a trace of its own.
      const expected = [...HOSTILE.map(([, , reason]) => reason), 'duplicate'].map((reason) => [reason, undefined, false]);
      expect(reasons).toEqual(expected);
    });
  });
});

it.each(RAW)('written by hand: %s', async (_name, trailing, reason) => {
  const server = await startRust();
  const socket = await connect(client(server.url, 'websocket'), 'websocket');
  const answer = new Promise<string>((resolve) => {
    socket.io.engine.on('packet', ({ data }: { data?: string }) => data?.startsWith('4300') || data?.startsWith('3900') ? resolve(data) : undefined);
  });
  socket.io.engine.write(`2900["seen",1,${trailing}]`);
  expect(JSON.parse((JSON.parse((await answer).slice(4)) as string[])[0]!)).toEqual({ text: '["seen",1]', attachments: [] });
  await survives(socket);
  await eventually(server, undefined, (all) => {
    expect(errorOf(all, 'process seen').tags['aether.propagation.error']).toBe(reason);
  });
});

describe('the shared table of wire forms, through a real connection', () => {
  interface Vector {
    carrier?: unknown;
    event?: unknown[];
    rest?: unknown[] | null;
    traceId?: string;
    spanId?: string;
    state?: string;
    reject?: string;
    error?: string;
  }
  const file = new URL('../../../crates/propagation/tests/vectors.json', import.meta.url);
  const { carrier, trailing } = JSON.parse(readFileSync(file, 'utf8')) as { carrier: Vector[]; trailing: Vector[] };
  const cases: [unknown[], Vector][] = [
    ...carrier.map((vector): [unknown[], Vector] => [[{ _trace: vector.carrier }], { ...vector, rest: ['e'] }]),
    ...trailing.map((vector): [unknown[], Vector] => [vector.event!.slice(1), vector]),
  ];

  it('handlers and spans are as it says', async () => {
    const server = await startRust();
    const socket = await connect(client(server.url, 'websocket'), 'websocket');
    for (const [args, { rest }] of cases) {
      // Behind another argument, as `_trace` in the first one has a meaning, too.
      const { text } = (await seen(socket, 'first', ...args)) as { text: string };
      expect((JSON.parse(text) as unknown[]).slice(2)).toEqual(rest?.slice(1) ?? args);
    }
    await survives(socket);
    const recorded = cases.map(([, vector]) => vector).filter(({ state }) => state !== '0');
    await eventually(server, undefined, (all) => {
      const found = all.filter(({ name }) => name === 'process seen').sort((a, b) => a.start - b.start);
      expect(found).toHaveLength(recorded.length);
      recorded.forEach(({ traceId, spanId, reject, error }, index) => {
        const { tags, parentId, traceId: own } = found[index]!;
        expect(tags['aether.propagation.error'], JSON.stringify(recorded[index])).toBe(reject ?? error);
        expect(parentId).toBe(reject ? undefined : spanId);
        if (traceId && !reject) expect(own).toBe(traceId);
      });
    });
  });
});

it.each([null, 7, 'text', { b3: 7 }, { b3: 'x'.repeat(600) }, { accept: 'trailing' }])('in the handshake: %j', async (hostile) => {
  const server = await startRust();
  const socket = client(server.url, 'websocket', { auth: { word: 'open', _trace: hostile } });
  await connect(socket, 'websocket');
  expect(await acknowledged(socket, 'auth')).toEqual([{ word: 'open' }]);
  await survives(socket);
  await eventually(server, undefined, (all) => {
    expect(errorOf(all, 'connect /').tags['aether.propagation.error']).toEqual(expect.any(String));
  });
});

/** Older peers, which write `_trace` and `_requestId` into the payload, are continued and answered in kind. */
import { describe, expect, it } from 'vitest';

import { WAYS, acknowledged, client, connect, next } from '../support/client.js';
import { startRust } from '../support/rust.js';
import { startTelemetry } from '../support/telemetry.js';
import { clientTranscript } from '../support/transcript.js';
import { eventually, spans, trees } from '../support/traces.js';

const TRACE = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };

type Reply = { _trace: { traceId: string; spanId: string; sampled: boolean; b3: string }; _requestId: unknown };

describe.each(WAYS)('over %s', (way) => {
  it.each<[string, string, unknown]>([
    ['echo:reply', 'echo:replied', 'r-1'],
    ['later', 'later:done', 7],
  ])('%s by hand', async (request, reply, id) => {
    const server = await startRust();
    const socket = await connect(client(server.url, way), way);
    const replied = next(socket, reply);
    socket.emit(request, { text: 'hi', _trace: TRACE, _requestId: id }, 2);
    const [payload, second, ...more] = await replied;
    expect(payload).toEqual({ text: 'hi', _trace: expect.anything(), _requestId: id });
    expect([second, more]).toEqual([2, []]);
    const { _trace: trace } = payload as Reply;
    await eventually(server, undefined, (all) => {
      expect(trees(all, `process ${request}`)).toEqual([
        [`server process ${request}: server (its parent is missing)`, `  server send ${reply}: producer`].join('\n'),
      ]);
      const processed = all.find(({ name }) => name === `process ${request}`);
      expect(processed).toMatchObject({ traceId: TRACE.traceId, parentId: TRACE.spanId });
      expect(processed?.tags).toMatchObject({ 'socketio.context': 'payload', 'socketio.request_id': String(id) });
      const sent = all.find(({ name }) => name === `send ${reply}`);
      const { traceId, spanId } = sent!;
      expect(trace).toEqual({ traceId, spanId, sampled: true, b3: `${traceId}-${spanId}-1` });
    });
  });

  it('an acknowledgement stays plain', async () => {
    const server = await startRust();
    const socket = await connect(client(server.url, way), way);
    const payload = { text: 'hi', _trace: TRACE, _requestId: 'r-2' };
    expect(await acknowledged(socket, 'echo', payload)).toEqual([payload]);
  });

  it('the context: payload of an instrumented client', async () => {
    const server = await startRust();
    const telemetry = await startTelemetry(server.url);
    const socket = client(server.url, way);
    // Without a handshake the server knows the client only by its payloads.
    telemetry.instrumentSocket(socket, { context: 'payload', handshake: false, replies: { 'echo:reply': 'echo:replied' } });
    await connect(socket, way);
    const mine = { text: 'hi' };
    const replied = next(socket, 'echo:replied');
    telemetry.span('click', () => socket.emit('echo:reply', mine));
    await replied;
    expect(mine).toEqual({ text: 'hi' });
    await eventually(server, telemetry, (all) => {
      expect(trees(all, 'click')).toEqual([
        [
          'client click: internal',
          '  client send echo:reply: client',
          '    server process echo:reply: server',
          '      server send echo:replied: producer',
          '        client process echo:replied: consumer',
        ].join('\n'),
      ]);
    });
  });
});

it('who says "not sampled" is answered, and nothing is recorded', async () => {
  const server = await startRust();
  const socket = await connect(client(server.url, 'websocket'), 'websocket');
  const replied = next(socket, 'echo:replied');
  socket.emit('echo:reply', { _trace: { ...TRACE, sampled: false }, _requestId: 'r-3' });
  const { _trace: trace, _requestId: id } = (await replied)[0] as Reply;
  expect(id).toBe('r-3');
  expect(trace).toMatchObject({ traceId: TRACE.traceId, sampled: false });
  await acknowledged(socket, 'echo');
  await eventually(server, undefined, (all) => expect(all.some(({ name }) => name === 'process echo')).toBe(true));
  expect((await spans(server)).filter(({ traceId }) => traceId === TRACE.traceId)).toEqual([]);
});

it('a handler that copies the payload into its answer sends no key twice', async () => {
  const server = await startRust();
  const socket = client(server.url, 'websocket');
  const wire = clientTranscript(socket);
  await connect(socket, 'websocket');
  const replied = next(socket, 'echo:replied');
  socket.emit('echo:reply', { _requestId: 'r-4', _trace: TRACE, text: 'hi' });
  await replied;
  const answer = wire.find(([direction, text]) => direction === 'from server' && text.includes('echo:replied'))![1];
  expect(answer.match(/"_trace":/g)).toHaveLength(1);
  expect(answer.match(/"_requestId":/g)).toHaveLength(1);
});

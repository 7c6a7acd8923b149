/** How context travels, and the life of the connection. */
import type { Server } from 'socket.io';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startBoth } from './support/collector.js';
import { connected, nextPeer, startServer } from './support/sockets.js';
import { B3, CLIENT, type Seen, answer, span, speak, talk } from './support/talk.js';
import { until } from './support/until.js';

describe('the ways of carrying context', () => {
  it('auto: nothing before the server is ready, then trailing; remembered for the next socket', async () => {
    const [telemetry] = await startBoth();
    const rig = await startServer();
    const seen: Seen[] = [];
    rig.server.on('connection', (peer) => {
      speak(peer, seen, false);
      peer.on('get ready', () => peer.emit('_trace:ready', { carrier: 'trailing' }));
    });
    const socket = rig.connect();
    const heard: string[] = [];
    socket.onAny((event: string) => heard.push(event));
    telemetry.instrumentSocket(socket);
    socket.emit('one').emit('get ready');
    await until(() => seen.length === 2);
    rig.server.emit('after');
    await until(() => heard.includes('after'));
    expect(heard).toEqual(['after']);
    socket.emit('two');
    const next = rig.connect();
    telemetry.instrumentSocket(next);
    next.emit('three');
    await until(() => seen.length === 4);
    expect(seen.map(({ event, b3 }) => [event, !!b3])).toEqual([['one', false], ['get ready', false], ['two', true], ['three', true]]);
  });

  it('payload: inside a copy of the first argument, with a request id that matches the reply', async () => {
    const { socket, spans, seen } = await talk((peer) => {
      peer.on('create', (payload: { _requestId: string }) => peer.emit('created', { ok: true, _requestId: payload._requestId }));
    }, { context: 'payload', replies: { create: 'created' } });
    const mine = { cols: 80 };
    const heard = new Promise<unknown>((resolve) => socket.on('created', resolve));
    socket.emit('create', mine).emit('create', 'no object');
    await heard;
    await until(() => seen.length === 2);
    const all = (await spans()).filter(({ name }) => name === 'send create');
    const { traceId, spanId } = all.find(({ kind }) => kind === CLIENT)!;
    expect(mine).toEqual({ cols: 80 });
    expect(seen[0]?.args).toEqual([{ cols: 80, _trace: { b3: `${traceId}-${spanId}-1`, traceId, spanId, sampled: true }, _requestId: spanId }]);
    expect(seen[1]?.args).toEqual(['no object']);
    expect((await spans()).find(({ name }) => name === 'process created')).toMatchObject({ traceId, parentSpanId: spanId });
  });
});

describe('the connection', () => {
  const dropped = (server: Server): void => {
    for (const peer of server.sockets.sockets.values()) peer.conn.close();
  };

  it('has a span whose context goes into the handshake, and another after a loss', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const auths: { _trace?: { b3: string } }[] = [];
    rig.server.on('connection', (peer) => auths.push(peer.handshake.auth));
    const socket = rig.connect({ auth: { token: 't' } });
    telemetry.instrumentSocket(socket);
    await connected(socket);
    dropped(rig.server);
    await until(() => auths.length === 2 && socket.connected);
    await telemetry.flush();
    const [first, second] = collector.spans().filter(({ name }) => name === 'connect /');
    expect(first).toMatchObject({ kind: CLIENT, status: 0, attributes: { 'socketio.transport': 'websocket' } });
    expect(auths).toMatchObject([{ token: 't', _trace: { b3: `${first!.traceId}-${first!.spanId}-1` } }, { token: 't', _trace: { b3: `${second!.traceId}-${second!.spanId}-1` } }]);
    expect(second!.events.map(({ name }) => name)).toEqual(['disconnect', 'reconnect_attempt']);
    expect(second!.links).toEqual([{ traceId: first!.traceId, spanId: first!.spanId }]);
    expect(collector.metrics().find(({ name }) => name === 'socketio.reconnects')).toMatchObject({ value: 1 });
  });

  it('tells of the upgrade', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const socket = rig.connect({ transports: ['polling', 'websocket'] });
    telemetry.instrumentSocket(socket);
    await until(() => socket.io.engine?.transport.name === 'websocket');
    await telemetry.flush();
    const connect = span(collector.spans(), 'connect /');
    expect(connect.events).toMatchObject([{ name: 'upgrade', attributes: { 'socketio.transport': 'websocket' } }]);
  });

  it('refused by the server: an error, with the application told as ever', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    rig.server.use((_peer, next) => next(new Error('not you')));
    const socket = rig.connect();
    telemetry.instrumentSocket(socket);
    expect(await new Promise((resolve) => socket.on('connect_error', ({ message }) => resolve(message)))).toBe('not you');
    await telemetry.flush();
    expect(span(collector.spans(), 'connect /')).toMatchObject({ status: 2, attributes: { 'error.type': 'connect_error' } });
  });

  it('in a namespace of its own is told apart', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const peer = nextPeer(rig.server, '/chat');
    const socket = rig.connect({}, '/chat');
    telemetry.instrumentSocket(socket, { context: 'traced' });
    await connected(socket);
    (await peer).on('say', (...args) => (args[args.length - 1] as () => void)());
    await socket.emitWithAck('say', 'hi');
    await telemetry.flush();
    expect(span(collector.spans(), 'connect /chat').kind).toBe(CLIENT);
    expect(span(collector.spans(), 'send say').attributes['socketio.namespace']).toBe('/chat');
  });

  it('can be shared with another namespace: each has its own span and handshake, and is undone alone', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const auths: Record<string, Record<string, unknown>[]> = { '/': [], '/chat': [] };
    for (const [namespace, seen] of Object.entries(auths)) {
      rig.server.of(namespace).on('connection', (peer) => {
        seen.push(peer.handshake.auth);
        peer.on('whoami', (...args) => (args[args.length - 1] as (name: string) => void)(namespace));
      });
    }
    const root = rig.connect({ forceNew: false, auth: { token: 1 } });
    const chat = rig.connect({ forceNew: false, auth: { token: 2 } }, '/chat');
    expect(chat.io).toBe(root.io);
    telemetry.instrumentSocket(root);
    const undo = telemetry.instrumentSocket(chat);
    await Promise.all([connected(root), connected(chat)]);
    expect([await root.emitWithAck('whoami'), await chat.emitWithAck('whoami')]).toEqual(['/', '/chat']);
    undo();
    dropped(rig.server);
    await until(() => Object.values(auths).every(({ length }) => length === 2) && root.connected && chat.connected);
    await telemetry.flush();
    const spans = collector.spans();
    const connections = spans.filter(({ name }) => name.startsWith('connect'));
    expect(connections.map(({ name, attributes, events }) => [name, attributes['socketio.namespace'], events.map(({ name }) => name)]).sort()).toEqual([
      ['connect /', '/', []],
      ['connect /', '/', ['disconnect', 'reconnect_attempt']],
      ['connect /chat', '/chat', []],
    ]);
    const context = (auth: Record<string, unknown> | undefined): unknown => (auth!['_trace'] as { b3: string } | undefined)?.b3;
    const [first, again] = connections.filter(({ name }) => name === 'connect /').map(({ traceId, spanId }) => `${traceId}-${spanId}-1`);
    expect([first, again].sort()).toEqual(auths['/']!.map(context).sort());
    expect(auths['/chat']!.map(context)).toEqual([expect.stringMatching(B3), undefined]);
    expect(Object.values(auths).map(([auth]) => auth!['token'])).toEqual([1, 2]);
    expect(spans.filter(({ name }) => name === 'send whoami').map(({ attributes }) => attributes['socketio.namespace']).sort()).toEqual(['/', '/chat']);
  });

  it('may be there already when it is instrumented', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const seen: Seen[] = [];
    rig.server.on('connection', (peer) => speak(peer, seen, false));
    const socket = rig.connect();
    await connected(socket);
    telemetry.instrumentSocket(socket, { context: 'traced' });
    socket.emit('hello');
    await until(() => seen.length);
    await telemetry.flush();
    expect(collector.spans().map(({ name }) => name)).toEqual(['send hello']);
    expect(seen[0]?.b3).toMatch(B3);
  });

  it('with state recovery: the offset stays behind the arguments, and the recovery works', async () => {
    const [telemetry] = await startBoth();
    const rig = await startServer({ connectionStateRecovery: {} });
    const socket = rig.connect();
    telemetry.instrumentSocket(socket, { context: 'traced' });
    await connected(socket);
    const heard: unknown[][] = [];
    socket.on('news', (...args) => heard.push(args));
    rig.server.emit('news', 1, answer(`${'e'.repeat(32)}-00000000000000ee-1`));
    await until(() => heard.length === 1);
    expect(heard[0]).toEqual([1, expect.any(String)]);
    dropped(rig.server);
    rig.server.emit('news', 2);
    await until(() => heard.length === 2);
    expect(socket.recovered).toBe(true);
    expect(heard[1]![0]).toBe(2);
  });
});

it('a socket is instrumented once, and what is none is left alone', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const [telemetry, collector] = await startBoth();
  const rig = await startServer();
  rig.server.on('connection', (peer) => peer.on('ask', (answer) => answer('once')));
  const socket = rig.connect();
  const undo = telemetry.instrumentSocket(socket);
  // What belongs to the first stays when the second is undone.
  telemetry.instrumentSocket(socket)();
  const emitter = { emit: () => 'mine' };
  telemetry.instrumentSocket(emitter)();
  expect(emitter.emit()).toBe('mine');
  await connected(socket);
  expect(await socket.emitWithAck('ask')).toBe('once');
  undo();
  telemetry.instrumentSocket(socket);
  expect(await socket.emitWithAck('ask')).toBe('once');
  await telemetry.flush();
  expect(collector.spans().filter(({ name }) => name === 'send ask')).toHaveLength(2);
  expect(warn.mock.calls.map(([text]) => text as string)).toEqual([expect.stringContaining('left alone')]);
});

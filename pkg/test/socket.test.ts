/** Spans of events on an instrumented socket: sent, answered, received. */
import { describe, expect, it } from 'vitest';
import { startBoth } from './support/collector.js';
import { connected, startServer } from './support/sockets.js';
import { B3, CLIENT, CONSUMER, PRODUCER, type Seen, answer, span, speak, talk } from './support/talk.js';
import { until } from './support/until.js';

describe('sending', () => {
  it('without an answer: a producer that ends at once, and its context behind the arguments', async () => {
    const { telemetry, socket, seen, spans } = await talk(() => {});
    telemetry.span('click', () => socket.emit('fire', 1, { two: 2 }, Buffer.from([3])));
    await until(() => seen.length);
    const all = await spans();
    const [click, send] = [span(all, 'click'), span(all, 'send fire')];
    expect(send).toMatchObject({ kind: PRODUCER, traceId: click.traceId, parentSpanId: click.spanId, status: 0 });
    expect(send.attributes).toMatchObject({
      'messaging.system': 'socketio',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'fire',
      'socketio.namespace': '/',
      'socketio.ack': false,
      'socketio.context': 'trailing',
      'socketio.transport': 'websocket',
    });
    expect(seen[0]).toEqual({ event: 'fire', args: [1, { two: 2 }, Buffer.from([3])], b3: `${send.traceId}-${send.spanId}-1` });
  });

  it('with an acknowledgement: a client span until then, and the callback continues the trace', async () => {
    const { telemetry, socket, seen, spans, activity } = await talk((peer) => peer.on('ask', (_question, ack) => ack('yes')));
    await new Promise<void>((resolve) =>
      socket.emit('ask', 'really?', (text: string) => {
        telemetry.span(`heard ${text}`, () => resolve());
      }),
    );
    const all = await spans();
    const ask = span(all, 'send ask');
    expect(ask).toMatchObject({ kind: CLIENT, parentSpanId: '', status: 0 });
    expect(ask.attributes).toMatchObject({ 'socketio.ack': true });
    expect(ask.end).toBeGreaterThan(ask.start);
    expect(span(all, 'heard yes')).toMatchObject({ traceId: ask.traceId, parentSpanId: ask.spanId });
    expect(seen[0]?.args).toEqual(['really?']);
    const [sent, answered] = ['sent', 'answered'].map((type) => activity.find((one) => one.type === type));
    expect(sent).toMatchObject({ event: 'ask', id: ask.spanId, traceId: ask.traceId, expectsReply: true });
    expect(answered).toMatchObject({ id: ask.spanId, durationMs: expect.any(Number) });
  });

  it('measures durations, of unsampled traces too', async () => {
    const { telemetry, collector, socket } = await talk((peer) => peer.on('ask', (ack) => ack()), { context: 'traced', maxTracesPerSecond: 1 });
    for (let i = 0; i < 5; i++) await socket.emitWithAck('ask');
    await telemetry.flush();
    expect(collector.metrics().find(({ name, attributes }) => name === 'messaging.client.operation.duration' && attributes['messaging.destination.name'] === 'ask')).toMatchObject({ unit: 's', value: 5 });
    expect(collector.spans().filter(({ name }) => name === 'send ask').length).toBeLessThan(3);
  });

  it('limits the traces that an event begins, says so on the wire, and counts them', async () => {
    const { telemetry, socket, seen, spans } = await talk(() => {}, { context: 'traced', maxTracesPerSecond: 2 });
    for (let i = 0; i < 10; i++) socket.emit('flood', i);
    telemetry.span('joined', () => socket.emit('flood', 'in a trace'));
    await until(() => seen.length === 11);
    const flags = seen.map(({ b3 }) => B3.exec(b3!)![3]);
    expect(flags).toEqual(['1', '1', ...Array<string>(8).fill('0'), '1']);
    expect((await spans()).filter(({ name }) => name === 'send flood')).toHaveLength(3);
    expect(telemetry.stats().dropped.rate_limited).toBe(8);
  });

  it('before the connection: waits, and says how long', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const seen: Seen[] = [];
    rig.server.on('connection', (peer) => {
      speak(peer, seen);
      peer.on('early ask', (ack) => ack('ok'));
    });
    const socket = rig.connect({ autoConnect: false });
    telemetry.instrumentSocket(socket, { context: 'traced' });
    telemetry.span('click', () => socket.emit('early', 1));
    const asked = socket.emitWithAck('early ask');
    socket.connect();
    expect(await asked).toBe('ok');
    await telemetry.flush();
    const all = collector.spans();
    const early = span(all, 'send early');
    expect(early.parentSpanId).toBe(span(all, 'click').spanId);
    expect(early.attributes['socketio.buffered_ms']).toBeGreaterThan(0);
    expect(span(all, 'send early ask')).toMatchObject({ kind: CLIENT, status: 0 });
    expect(seen.map(({ event, args }) => [event, args])).toEqual([['early', [1]], ['early ask', []]]);
  });

  it('volatile while the transport is busy: discarded, and no error', async () => {
    const { socket, spans } = await talk(() => {});
    socket.io.engine.transport.writable = false;
    socket.volatile.emit('maybe', 1);
    socket.io.engine.transport.writable = true;
    expect(span(await spans(), 'send maybe')).toMatchObject({ status: 0, attributes: { 'socketio.discarded': true } });
  });

  it('with retries: each attempt is sent in the context of the emit', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const seen: Seen[] = [];
    let asked = 0;
    rig.server.on('connection', (peer) => {
      speak(peer, seen);
      peer.on('sure', (_n, ack) => (++asked === 1 ? undefined : ack('done')));
    });
    const socket = rig.connect({ retries: 3, ackTimeout: 50 });
    telemetry.instrumentSocket(socket, { context: 'traced' });
    await connected(socket);
    let timedOut = false;
    telemetry.onSocketActivity(({ type }) => (timedOut ||= type === 'timeout'));
    const answered = telemetry.span('click', () => socket.emitWithAck('sure', 1));
    expect(await answered).toBe('done');
    await until(() => timedOut);
    await telemetry.flush();
    const all = collector.spans();
    const click = span(all, 'click');
    const sends = all.filter(({ name }) => name === 'send sure');
    expect(sends.map(({ status, parentSpanId }) => [status, parentSpanId]).sort()).toEqual([[0, click.spanId], [2, click.spanId]]);
  });
});

describe('declared replies', () => {
  const settings = { context: 'traced', timeoutMs: 60, replies: { create: { reply: 'created', error: 'failed' }, input: { reply: 'output', optional: true } } } as const;
  const SERVER_SPAN = '00000000000000aa';

  const replying = (reply: string) =>
    talk((peer, seen) => {
      peer.on('create', () => {
        const { b3 } = seen[seen.length - 1]!;
        const [, trace, id] = B3.exec(b3!)!;
        peer.emit(reply, { some: 'data' }, answer(`${trace}-${SERVER_SPAN}-1`, id));
      });
    }, settings);

  it('end the request, and the listener joins the trace', async () => {
    const { socket, spans, telemetry } = await replying('created');
    const heard = new Promise<unknown[]>((resolve) => socket.on('created', (...args) => telemetry.span('render', () => resolve(args))));
    socket.emit('create', { cols: 80 });
    expect(await heard).toEqual([{ some: 'data' }]);
    const all = await spans();
    const create = span(all, 'send create');
    expect(create).toMatchObject({ kind: CLIENT, status: 0 });
    const process = span(all, 'process created');
    expect(process).toMatchObject({ kind: CONSUMER, traceId: create.traceId, parentSpanId: SERVER_SPAN, flags: 0x301 });
    expect(process.attributes).toMatchObject({ 'socketio.context': 'trailing', 'messaging.operation.type': 'process' });
    expect(process.links).toEqual([{ traceId: create.traceId, spanId: create.spanId }]);
    expect(span(all, 'render').parentSpanId).toBe(process.spanId);
  });

  it('by the error event: the request has failed', async () => {
    const { socket, spans, activity } = await replying('failed');
    socket.emit('create', {});
    await until(() => activity.some(({ type }) => type === 'failed'));
    expect(span(await spans(), 'send create')).toMatchObject({ status: 2, attributes: { 'error.type': 'failed' } });
  });

  it('one reply can answer several requests', async () => {
    const { socket, spans, activity } = await talk((peer, seen) => {
      peer.on('end', () => {
        const ids = seen.filter(({ event }) => event === 'input').map(({ b3 }) => B3.exec(b3!)![2]);
        peer.emit('output', answer(`${'a'.repeat(32)}-${SERVER_SPAN}-1`, ids.join(',')));
      });
    }, settings);
    socket.emit('input', 'a').emit('input', 'b').emit('end');
    await until(() => activity.filter(({ type }) => type === 'answered').length === 2);
    expect((await spans()).filter(({ name }) => name === 'send input').map(({ status, kind }) => [status, kind])).toEqual([[0, CLIENT], [0, CLIENT]]);
  });

  it('missing: a timeout, unless the reply is optional', async () => {
    const { socket, spans, activity } = await talk(() => {}, settings);
    socket.emit('create', {}).emit('input', 'x');
    await until(() => activity.some(({ type }) => type === 'timeout'));
    const all = await spans();
    expect(span(all, 'send create')).toMatchObject({ status: 2, attributes: { 'error.type': 'timeout' } });
    expect(span(all, 'send input')).toMatchObject({ kind: CLIENT, status: 0 });
  });

  it('late: told on a linked span, and the listener is called as ever', async () => {
    const { socket, spans, activity, rig, seen } = await talk(() => {}, settings);
    const heard: unknown[] = [];
    socket.on('created', (...args) => heard.push(args));
    socket.emit('create', {});
    await until(() => activity.some(({ type }) => type === 'timeout'));
    const [, trace, id] = B3.exec(seen[0]!.b3!)!;
    rig.server.emit('created', 1, answer(`${trace}-${SERVER_SPAN}-1`, id));
    await until(() => heard.length);
    expect(heard).toEqual([[1]]);
    const late = span(await spans(), 'receive create');
    expect(late.links).toEqual([{ traceId: trace, spanId: id }]);
    expect(late.events).toMatchObject([{ name: 'late_reply' }]);
  });

  it('are not awaited from a server that has not said it understands', async () => {
    const [telemetry, collector] = await startBoth();
    const rig = await startServer();
    const socket = rig.connect();
    telemetry.instrumentSocket(socket, { replies: settings.replies });
    await connected(socket);
    socket.emit('create', {});
    await telemetry.flush();
    expect(span(collector.spans(), 'send create')).toMatchObject({ kind: PRODUCER, status: 0 });
  });
});

describe('acknowledgements that do not come', () => {
  it('time out; a late one is told on a linked span', async () => {
    let late: (() => void) | undefined;
    const { socket, spans, activity } = await talk((peer) => peer.on('ask', (ack) => (late = () => ack('late'))), { context: 'traced', timeoutMs: 30 });
    const heard = new Promise((resolve) => socket.emit('ask', resolve));
    await until(() => activity.some(({ type }) => type === 'timeout'));
    late!();
    expect(await heard).toBe('late');
    const all = await spans();
    const ask = span(all, 'send ask');
    expect(ask).toMatchObject({ status: 2, attributes: { 'error.type': 'timeout' } });
    expect(span(all, 'receive ask').links).toEqual([{ traceId: ask.traceId, spanId: ask.spanId }]);
  });

  it('follow the timeout that the application has set', async () => {
    const { socket, spans, activity } = await talk(() => {}, { context: 'traced', timeoutMs: 60_000 });
    await expect(socket.timeout(20).emitWithAck('ask')).rejects.toThrow('timed out');
    await until(() => activity.some(({ type }) => type === 'timeout'));
    expect(span(await spans(), 'send ask')).toMatchObject({ status: 2, attributes: { 'error.type': 'timeout' } });
  });

  it('end as disconnected with the connection', async () => {
    const { socket, spans, activity } = await talk((peer) => peer.on('ask', () => peer.disconnect(true)));
    socket.emit('ask', () => {});
    await until(() => activity.some(({ type }) => type === 'failed'));
    expect(span(await spans(), 'send ask')).toMatchObject({ status: 2, attributes: { 'error.type': 'disconnected' } });
  });
});

describe('receiving', () => {
  it('without a carrier: a child of the connection', async () => {
    const { socket, spans, rig } = await talk(() => {});
    const heard = new Promise<void>((resolve) => socket.on('news', () => resolve()));
    rig.server.emit('news', 1);
    await heard;
    const all = await spans();
    expect(span(all, 'process news')).toMatchObject({ parentSpanId: span(all, 'connect /').spanId, attributes: { 'socketio.context': 'connection' } });
  });

  it('with a carrier and an acknowledgement: the callback is the last argument, with the answer going back', async () => {
    const { socket, rig, seen } = await talk((peer) => void peer);
    void seen;
    socket.on('question', (...args) => {
      expect(args).toHaveLength(2);
      (args[1] as (answer: unknown) => void)(args[0]);
    });
    const [reply] = await rig.server.timeout(2000).emitWithAck('question', 'q', answer(`${'b'.repeat(32)}-00000000000000bb-1`));
    expect(reply).toBe('q');
  });

  it('with a bad carrier: nothing of it reaches the listener, and a new trace says why', async () => {
    const { socket, spans, rig } = await talk(() => {});
    const heard = new Promise<unknown[]>((resolve) => socket.on('news', (...args) => resolve(args)));
    rig.server.emit('news', 'x', { _trace: { b3: 'zzz' } }, { _trace: 7 });
    expect(await heard).toEqual(['x']);
    expect(span(await spans(), 'process news')).toMatchObject({ parentSpanId: '', attributes: { 'aether.propagation.error': 'duplicate' } });
  });

  it('unsampled: the listener runs in that context and nothing is recorded', async () => {
    const { socket, spans, rig, telemetry } = await talk(() => {});
    const trace = 'c'.repeat(32);
    const heard = new Promise<Record<string, string>>((resolve) => socket.on('news', () => resolve(telemetry.headers())));
    rig.server.emit('news', answer(`${trace}-00000000000000cc-0`));
    expect((await heard)['b3']).toMatch(new RegExp(`^${trace}-[\\da-f]{16}-0$`));
    expect((await spans()).map(({ name }) => name)).not.toContain('process news');
  });

  it('by an async listener: the span ends when its promise settles', async () => {
    const { socket, spans, rig, activity } = await talk(() => {});
    let release: (() => void) | undefined;
    socket.on('work', async () => {
      await new Promise<void>((resolve) => (release = resolve));
    });
    rig.server.emit('work');
    await until(() => release);
    expect((await spans()).map(({ name }) => name)).not.toContain('process work');
    release!();
    await until(() => activity.some(({ type }) => type === 'received'));
    expect(span(await spans(), 'process work').kind).toBe(CONSUMER);
  });

  it('a payload carrier of an older peer is continued, and left where it is', async () => {
    const { socket, spans, rig } = await talk(() => {});
    const payload = { text: 'hi', _trace: { traceId: 'd'.repeat(32), spanId: '00000000000000dd', sampled: true } };
    const heard = new Promise<unknown>((resolve) => socket.on('old', resolve));
    rig.server.emit('old', payload);
    expect(await heard).toEqual(payload);
    expect(span(await spans(), 'process old')).toMatchObject({ traceId: 'd'.repeat(32), parentSpanId: '00000000000000dd', attributes: { 'socketio.context': 'payload' } });
  });
});

it('what an emit throws is on its span, with its message', async () => {
  const { socket, spans } = await talk(() => {});
  expect(() => socket.emit('connect')).toThrow('"connect" is a reserved event name');
  expect(span(await spans(), 'send connect')).toMatchObject({ status: 2, message: expect.stringContaining('reserved event name'), attributes: { 'error.type': 'Error' } });
});

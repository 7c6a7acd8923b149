/** An instrumented client and our server: one tree for every exchange, read back through the query API. */
import { describe, expect, it } from 'vitest';

import { WIRES, acknowledged, client, connect, msgpackParser, next } from '../support/client.js';
import { startRust } from '../support/rust.js';
import { startTelemetry } from '../support/telemetry.js';
import { eventually, trees } from '../support/traces.js';

const REPLIES = { 'echo:reply': 'echo:replied', later: 'later:done', 'binary:reply': 'binary:replied' };

describe.each(WIRES)('over %s', (_name, { way, msgpack }) => {
  const parser = msgpack ? { parser: msgpackParser } : {};
  /** A connected client in mode `traced`, and a click in which it does something. */
  const start = async (namespace = '/') => {
    const server = await startRust({ msgpack });
    const telemetry = await startTelemetry(server.url);
    const socket = client(server.url, way, parser, namespace);
    telemetry.instrumentSocket(socket, { context: 'traced', replies: REPLIES });
    await connect(socket, way);
    const click = <T>(act: () => T): T => telemetry.span('click', act);
    const tree = (lines: string[]) =>
      eventually(server, telemetry, (all) => {
        expect(trees(all, 'click')).toEqual([lines.join('\n')]);
        return all;
      });
    return { server, telemetry, socket, click, tree };
  };

  it('an event with an acknowledgement', async () => {
    const { socket, click, tree } = await start();
    const args = ['text', 2, { three: [3] }, null];
    expect(await click(() => acknowledged(socket, 'echo', ...args))).toEqual(args);
    const spans = await tree([
      'client click: internal',
      '  client send echo: client',
      '    server process echo: server',
    ]);
    const processed = spans.find(({ name }) => name === 'process echo');
    expect(processed?.events).toEqual(['ack']);
    expect(processed?.tags).toMatchObject({
      'messaging.system': 'socketio',
      'messaging.destination.name': 'echo',
      'socketio.namespace': '/',
      'socketio.ack': true,
      'socketio.context': 'trailing',
      'socketio.transport': way === 'polling' ? 'polling' : 'websocket',
    });
  });

  it('an event without', async () => {
    const { socket, click, tree } = await start();
    click(() => socket.emit('fire', 'away'));
    await tree(['client click: internal', '  client send fire: producer', '    server process fire: consumer']);
  });

  it('a declared reply', async () => {
    const { socket, click, tree } = await start();
    const replied = next(socket, 'echo:replied');
    click(() => socket.emit('echo:reply', 1, 'two'));
    expect(await replied).toEqual([1, 'two']);
    await tree([
      'client click: internal',
      '  client send echo:reply: client',
      '    server process echo:reply: server',
      '      server send echo:replied: producer',
      '        client process echo:replied: consumer',
    ]);
  });

  it('a declared reply that comes from another task, after its handler', async () => {
    const { socket, click, tree } = await start();
    const done = next(socket, 'later:done');
    click(() => socket.emit('later', { a: 1 }));
    expect(await done).toEqual([{ a: 1 }]);
    await tree([
      'client click: internal',
      '  client send later: client',
      '    server process later: server',
      '      server send later:done: producer',
      '        client process later:done: consumer',
    ]);
  });

  it('a question of the server while it handles an event', async () => {
    const { socket, click, tree } = await start();
    socket.on('question', (text: string, answer: (text: string) => void) => answer(`${text}!`));
    expect(await click(() => acknowledged(socket, 'ask', 'really'))).toEqual(['really!']);
    await tree([
      'client click: internal',
      '  client send ask: client',
      '    server process ask: server',
      '      server send question: client',
      '        client process question: consumer',
    ]);
  });

  it('bytes, there and back', async () => {
    const { socket, click, tree } = await start();
    const bytes = Buffer.from([0, 1, 254, 255]);
    const replied = next(socket, 'binary:replied');
    const answer = await click(() => {
      socket.emit('binary:reply', bytes);
      return acknowledged(socket, 'binary', bytes);
    });
    expect(Buffer.from(answer[0] as Uint8Array)).toEqual(bytes);
    const [label, data, count] = await replied;
    expect([label, Buffer.from(data as Uint8Array), count]).toEqual(['bytes', bytes, 3]);
    await tree([
      'client click: internal',
      '  client send binary: client',
      '    server process binary: server',
      '  client send binary:reply: client',
      '    server process binary:reply: consumer',
      '      server send binary:replied: producer',
      '        client process binary:replied: consumer',
    ]);
  });

  it('a broadcast to two who read carriers and one who does not', async () => {
    const { server, telemetry, socket, click, tree } = await start();
    const other = client(server.url, way, parser);
    telemetry.instrumentSocket(other, { context: 'traced' });
    const plain = client(server.url, way, parser);
    await Promise.all([connect(other, way), connect(plain, way)]);
    const heard = Promise.all([socket, other, plain].map((each) => next(each, 'news')));
    click(() => socket.emit('broadcast', 'rain', { at: 3 }));
    expect(await heard).toEqual(Array(3).fill(['rain', { at: 3 }]));
    const spans = await tree([
      'client click: internal',
      '  client send broadcast: producer',
      '    server process broadcast: consumer',
      '      server send news: producer',
      '        client process news: consumer',
      '        client process news: consumer',
    ]);
    expect(spans.find(({ name }) => name === 'send news')?.tags['socketio.recipients']).toBe(3);
  });

  it('an event of a namespace', async () => {
    const { socket, click, tree } = await start('/chat');
    expect(await click(() => acknowledged(socket, 'echo', 'hello'))).toEqual(['hello']);
    const spans = await tree([
      'client click: internal',
      '  client send echo: client',
      '    server process echo: server',
    ]);
    const named = spans.filter(({ name }) => name.endsWith(' echo'));
    expect(named.map(({ tags }) => tags['socketio.namespace'])).toEqual(['/chat', '/chat']);
  });

  it('handlers that fail, each in its way, and the connection goes on', async () => {
    const { socket, click, tree } = await start();
    await click(() => {
      for (const event of ['fail', 'panic', 'number']) socket.emit(event, 'no number');
      return acknowledged(socket, 'echo');
    });
    const spans = await tree([
      'client click: internal',
      '  client send echo: client',
      '    server process echo: server',
      '  client send fail: producer',
      '    server process fail: consumer',
      '  client send number: producer',
      '    server process number: consumer',
      '  client send panic: producer',
      '    server process panic: consumer',
    ]);
    const errors = Object.fromEntries(spans.map(({ name, tags }) => [name, tags['error.type']]));
    expect(errors).toMatchObject({
      'process fail': 'handler_error',
      'process panic': 'panic',
      'process number': 'extractor_error',
      'process echo': undefined,
    });
  });
});

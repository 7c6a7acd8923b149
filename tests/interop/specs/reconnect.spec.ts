/** Connections that break: by the client, by the server, and by a server that is replaced. */
import { describe, expect, it, vi } from 'vitest';

import { type Way, acknowledged, client, connect, next, seen } from '../support/client.js';
import { startRust } from '../support/rust.js';
import { startTelemetry } from '../support/telemetry.js';
import { eventually, spans, trees } from '../support/traces.js';

const joined = (name: string): string =>
  [`client ${name}: internal`, '  client send echo: client', '    server process echo: server'].join('\n');

describe.each<Way>(['websocket', 'polling', 'upgrade'])('over %s', (way) => {
  it('an engine that closes: the next events are joined again', async () => {
    const server = await startRust();
    const telemetry = await startTelemetry(server.url);
    const socket = client(server.url, way);
    telemetry.instrumentSocket(socket);
    await connect(socket, way);
    const first = socket.id;
    const again = next(socket, 'connect');
    socket.io.engine.close();
    await again;
    expect(socket.id).not.toBe(first);
    // The answer shows that the server has negotiated with this connection, too.
    await acknowledged(socket, 'echo');
    expect(await telemetry.span('click', () => acknowledged(socket, 'echo', 1))).toEqual([1]);
    await eventually(server, telemetry, (all) => {
      expect(trees(all, 'click')).toEqual([joined('click')]);
      const connections = all.filter(({ name, service }) => name === 'connect /' && service === 'interop-server');
      expect(connections).toHaveLength(2);
    });
  });

  it('a server that is killed and started anew', async () => {
    const server = await startRust();
    const telemetry = await startTelemetry(server.url);
    const socket = client(server.url, way);
    telemetry.instrumentSocket(socket, { context: 'traced' });
    await connect(socket, way);
    const outcomes: string[] = [];
    telemetry.onSocketActivity(({ event, type, detail }) => outcomes.push(`${event} ${type} ${detail ?? ''}`.trim()));
    // Nobody answers `fire`.
    socket.emit('fire', () => outcomes.push('answered'));
    const gone = next(socket, 'disconnect');
    await server.kill();
    await gone;
    expect(outcomes).toContain('fire failed disconnected');
    const buffered = telemetry.span('offline', () => acknowledged(socket, 'echo', 'buffered'));
    const restarted = await startRust({ port: server.port });
    expect(await buffered).toEqual(['buffered']);
    expect(await telemetry.span('click', () => acknowledged(socket, 'echo', 'anew'))).toEqual(['anew']);
    await eventually(restarted, telemetry, (all) => {
      expect(trees(all, 'offline')).toEqual([joined('offline')]);
      expect(trees(all, 'click')).toEqual([joined('click')]);
      const offline = all.find(({ name, service, tags }) => name === 'send echo' && service === 'interop-client' && tags['socketio.buffered_ms'] !== undefined);
      expect(Number(offline?.tags['socketio.buffered_ms'])).toBeGreaterThan(0);
    });
  });

  it('a server that is replaced by one nobody has instrumented sees plain arguments', async () => {
    const server = await startRust();
    const telemetry = await startTelemetry(server.url);
    const socket = client(server.url, way);
    telemetry.instrumentSocket(socket);
    await connect(socket, way);
    await acknowledged(socket, 'echo');
    const gone = next(socket, 'disconnect');
    await server.kill();
    await gone;
    const buffered = seen(socket, 'buffered');
    await startRust({ bare: true, port: server.port });
    expect(await buffered).toEqual({ text: '["seen","buffered"]', attachments: [] });
    expect(await seen(socket, 'later')).toEqual({ text: '["seen","later"]', attachments: [] });
  });
});

it('the server disconnects: the client reconnects by hand and both connections are seen', async () => {
  const server = await startRust();
  const telemetry = await startTelemetry(server.url);
  const socket = client(server.url, 'websocket');
  telemetry.instrumentSocket(socket, { context: 'traced' });
  await connect(socket, 'websocket');
  const gone = next(socket, 'disconnect');
  socket.emit('close');
  expect((await gone)[0]).toBe('io server disconnect');
  await connect(socket, 'websocket');
  expect(await acknowledged(socket, 'echo', 'back')).toEqual(['back']);
  await eventually(server, telemetry, (all) => {
    const connections = all.filter(({ name }) => name === 'connect /');
    expect(connections.filter(({ service }) => service === 'interop-client')).toHaveLength(2);
    expect(connections.filter(({ service }) => service === 'interop-server')).toHaveLength(2);
  });
});

it('negotiates: plain until the server has answered, carriers from then on', async () => {
  const server = await startRust();
  const telemetry = await startTelemetry(server.url);
  const socket = client(server.url, 'websocket');
  telemetry.instrumentSocket(socket);
  const heard = vi.fn();
  socket.onAny(heard);
  const early = acknowledged(socket, 'echo', 'early');
  await connect(socket, 'websocket');
  expect(await early).toEqual(['early']);
  expect(await acknowledged(socket, 'echo', 'late')).toEqual(['late']);
  expect(heard).not.toHaveBeenCalled();
  await eventually(server, telemetry, (all) => {
    const processed = all.filter(({ name }) => name === 'process echo').sort((a, b) => a.start - b.start);
    expect(processed.map(({ tags }) => tags['socketio.context'])).toEqual(['connection', 'trailing']);
    expect(trees(all, 'connect /')).toEqual([
      ['client connect /: client', '  server connect /: server', '    server process echo: server'].join('\n'),
    ]);
  });
  expect((await spans(server)).every(({ tags }) => tags['aether.propagation.error'] === undefined)).toBe(true);
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket as Client, WebSocketServer } from 'ws';
import { record } from '../../../test/support/recorder.js';
import { until } from '../../../test/support/until.js';
import { websocket } from './index.js';

const serve = async (): Promise<string> => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  server.on('connection', (peer) => peer.on('message', (data) => peer.send(String(data).repeat(2))));
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    for (const peer of server.clients) peer.terminate();
    http.close();
  });
  return `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
};

it('has a span for the connection, and counts what went over it', async () => {
  vi.stubGlobal('WebSocket', Client);
  const url = await serve();
  const recorder = record(websocket());
  const socket = new WebSocket(`${url}/chat?key=1`);
  expect(socket).toBeInstanceOf(Client);
  expect(socket).toBeInstanceOf(WebSocket);
  expect(WebSocket.OPEN).toBe(1);
  const answers: unknown[] = [];
  socket.addEventListener('open', () => socket.send('hello'));
  socket.addEventListener('message', ({ data }) => {
    answers.push(data);
    socket.close();
  });
  await until(() => recorder.logs.length === 1);
  expect(answers).toEqual(['hellohello']);
  expect(recorder.spans).toMatchObject([{ name: 'connect websocket', kind: 3, status: 0, attributes: { 'url.full': expect.stringMatching(/\/chat\?REDACTED$/), 'server.address': '127.0.0.1' } }]);
  expect(recorder.logs).toMatchObject([
    { eventName: 'websocket.close', attributes: { 'websocket.sent.messages': 1, 'websocket.sent.size': 5, 'websocket.received.messages': 1, 'websocket.received.size': 10 } },
  ]);
});

it('says when there was no connection, leaves Socket.IO alone, and is given back', async () => {
  vi.stubGlobal('WebSocket', Client);
  const recorder = record(websocket());
  const failed = new WebSocket('ws://127.0.0.1:9/x');
  failed.addEventListener('error', () => {});
  const ignored = new WebSocket('ws://127.0.0.1:9/socket.io/?EIO=4');
  ignored.addEventListener('error', () => {});
  await until(() => recorder.spans.length === 1);
  expect(recorder.spans).toMatchObject([{ status: 2, attributes: { 'error.type': 'connection_failed' } }]);
  expect(() => new WebSocket('nonsense')).toThrow(SyntaxError);
  recorder.undo();
  expect(WebSocket).toBe(Client);
});

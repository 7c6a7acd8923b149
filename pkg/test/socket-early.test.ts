/** Sockets that are instrumented before there is a client. */
import { expect, it, onTestFinished, vi } from 'vitest';
import { createTelemetry } from '@aetherterm/telemetry/core';
import { socketIo } from '@aetherterm/telemetry/socket';
import { startCollector } from './support/collector.js';
import { connected, startServer } from './support/sockets.js';

it('are so once it exists, unless that was undone before', async () => {
  const collector = await startCollector();
  const rig = await startServer();
  rig.server.on('connection', (peer) => peer.on('ask', (ack: () => void) => ack()));
  const sockets = socketIo({ context: 'off' });
  const [early, undone, plain] = [rig.connect(), rig.connect(), rig.connect()];
  const undo = sockets.instrument(early);
  sockets.instrument(undone)();
  await Promise.all([early, undone, plain].map(connected));
  const keys = (socket: object): string[] => Object.keys(socket).sort();
  expect(keys(early)).toEqual(keys(plain));

  const telemetry = createTelemetry({ serviceName: 'page', endpoint: collector.url, instrumentations: [sockets] });
  await early.emitWithAck('ask');
  await undone.emitWithAck('ask');
  await telemetry.flush();
  expect(collector.spans().filter(({ name }) => name === 'send ask')).toHaveLength(1);
  undo();
  await early.emitWithAck('ask');
  expect(keys(early)).toEqual(keys(plain));
  await telemetry.shutdown();
  expect(collector.spans().filter(({ name }) => name === 'send ask')).toHaveLength(1);
});

it('wait in bounded number where telemetry is off, which is said once', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const rig = await startServer();
  const sockets = socketIo();
  createTelemetry({ serviceName: 'page', enabled: false, instrumentations: [sockets] });
  const held = Array.from({ length: 30 }, () => rig.connect({ autoConnect: false }));
  for (const socket of held) sockets.instrument(socket);
  const collector = await startCollector();
  const telemetry = createTelemetry({ serviceName: 'page', endpoint: collector.url, instrumentations: [sockets] });
  const instrumented = held.filter((socket) => Object.hasOwn(socket, 'onevent'));
  expect(instrumented).toEqual(held.slice(0, 20));
  expect(warn.mock.calls).toEqual([[expect.stringContaining('only 20 sockets')]]);
  await telemetry.shutdown();
  expect(held.filter((socket) => Object.hasOwn(socket, 'onevent'))).toEqual([]);
});

/** What handlers of our server see: exactly what the application sent, as if nobody had instrumented anything. */
import { describe, expect, it } from 'vitest';

import { WAYS, acknowledged, client, connect, seen } from '../support/client.js';
import { startRust } from '../support/rust.js';
import { type SocketOptions, startTelemetry } from '../support/telemetry.js';

const TRACE = { b3: '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1' };

const ARGUMENTS: unknown[][] = [
  [],
  [null],
  [''],
  [true, 1.5, -0, 1e21, 'two', { three: 3 }, [4, [5]], null],
  ['quotes " and \\ and ] } and \u2028 and \u{1F600} and \u0000'],
  ['"_trace"', '{"_trace":{"b3":"0"}}'],
  [{ _trace: TRACE, mine: 1 }],
  [{ mine: { _trace: TRACE } }, [{ _trace: TRACE }]],
  [{ _trace: TRACE }, 'not the last'],
  [{ '': { a: [] } }, {}, []],
  ['x'.repeat(20_000)],
  [Buffer.from([1, 2, 3])],
  ['name', { file: Buffer.from([4]), size: 1 }, Buffer.from([]), 'end'],
  [{ _placeholder: 'not one' }],
];

describe.each(WAYS)('over %s', (way) => {
  it.each<[string, SocketOptions]>([
    ['traced', { context: 'traced' }],
    ['auto', { context: 'auto' }],
    ['off', { context: 'off' }],
  ])('context: %s', async (_name, options) => {
    const [server, bare] = await Promise.all([startRust(), startRust({ bare: true })]);
    const telemetry = await startTelemetry(server.url);
    const ours = client(server.url, way);
    telemetry.instrumentSocket(ours, options);
    const native = client(bare.url, way);
    await Promise.all([connect(ours, way), connect(native, way)]);
    // Once this is answered, `auto` has heard of the server's ability.
    await acknowledged(ours, 'echo');
    for (const args of ARGUMENTS) {
      expect(await seen(ours, ...args)).toEqual(await seen(native, ...args));
    }
  });
});

describe('the handshake', () => {
  const auths = [undefined, {}, { word: 'open' }, { word: 'open', _trace: 'of the application' }];

  it.each(auths)('auth %j', async (auth) => {
    const server = await startRust();
    const telemetry = await startTelemetry(server.url);
    const socket = client(server.url, 'websocket', auth && { auth });
    telemetry.instrumentSocket(socket);
    await connect(socket, 'websocket');
    const { _trace: reserved, ...rest } = { _trace: undefined, ...auth };
    expect(reserved === undefined || typeof reserved === 'string').toBe(true);
    expect((await acknowledged(socket, 'auth'))[0] ?? {}).toEqual(rest);
  });

  it('middlewares see what the application put there, and may refuse', async () => {
    const server = await startRust();
    const telemetry = await startTelemetry(server.url);
    const join = async (auth: object) => {
      const socket = client(server.url, 'websocket', { auth }, '/guarded');
      telemetry.instrumentSocket(socket);
      await connect(socket, 'websocket');
      return acknowledged(socket, 'echo', 'inside');
    };
    expect(await join({ word: 'open' })).toEqual(['inside']);
    await expect(join({ word: 'closed' })).rejects.toThrow('the word is missing');
    await expect(join({ word: 'open', more: 1 })).rejects.toThrow('the word is missing');
  });
});

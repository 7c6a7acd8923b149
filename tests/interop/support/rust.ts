/** The socketioxide server `crates/telemetry/examples/interop_server`, traced or bare, on a free port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { onTestFinished } from 'vitest';

export const SERVER = process.env.AETHER_INTEROP_SERVER ?? resolve(import.meta.dirname, '../../../target/debug/examples/interop_server');

export interface RustServer {
  url: string;
  port: number;
  /** Ends it the hard way, as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
}

export interface RustOptions {
  /** Without telemetry. */
  bare?: boolean;
  /** Packets of `socket.io-msgpack-parser`. */
  msgpack?: boolean;
  /** Default: any free one. */
  port?: number;
}

const ended = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

export const startRust = async ({ bare = false, msgpack = false, port = 0 }: RustOptions = {}): Promise<RustServer> => {
  const args = [...(bare ? ['--bare'] : []), ...(msgpack ? ['--msgpack'] : []), '--port', String(port)];
  const child = spawn(SERVER, args, { env: { PATH: process.env.PATH ?? '' }, stdio: ['pipe', 'pipe', 'pipe'] });
  const kill = async (): Promise<void> => {
    if (ended(child)) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  };
  onTestFinished(kill);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
  });
  const listening = await new Promise<number>((ready, fail) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const match = /^listening (\d+)$/.exec(line);
      if (match) ready(Number(match[1]));
      else fail(new Error(`unexpected line on standard output: ${line}`));
    });
    child.once('error', fail);
    child.once('exit', (code) => fail(new Error(`the server ended with ${code} before it listened:\n${log}`)));
  });
  return { url: `http://127.0.0.1:${listening}`, port: listening, kill };
};

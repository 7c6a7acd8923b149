/** The programs printed in `docs/other-clients.md`, run as they are printed against the server of README.md. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

import { onTestFinished } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../../..');
export const SHOP = process.env.AETHER_README_SERVER ?? resolve(ROOT, 'target/debug/examples/server');

/** Inside the checkout, so that the listings find the installed packages. */
const FOLDER = resolve(ROOT, 'artifacts/other-clients');

export interface Program {
  /** The next line that it prints. */
  line(): Promise<string>;
  /** Its exit code, once it has ended. */
  ended(): Promise<number | null>;
}

const start = (command: string, args: string[], env: NodeJS.ProcessEnv): Program => {
  const child: ChildProcess = spawn(command, args, { env: { PATH: process.env.PATH ?? '', ...env }, stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  return {
    line: async () => {
      const { done, value } = await lines.next();
      if (done) throw new Error(`${args.join(' ') || command} has ended and prints nothing more`);
      return value;
    },
    ended: async () => (await exit)[0],
  };
};

/** The server of README.md; returns its address. Spans are to be read soon after they end. */
export const startShop = async (): Promise<string> => {
  const line = await start(SHOP, [], { LISTEN: '127.0.0.1:0', OTEL_BSP_SCHEDULE_DELAY: '20' }).line();
  const url = /^listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(line)?.[1];
  if (!url) throw new Error(`unexpected line on standard output: ${line}`);
  return url;
};

/** Starts the listing of that name with `url` as its argument. */
export const startListing = (name: string, url: string): Program => {
  const page = readFileSync(resolve(ROOT, 'docs/other-clients.md'), 'utf8');
  const listing = page.split(`\`${name}\`:\n\n\`\`\`js\n`)[1]?.split('```')[0];
  if (!listing) throw new Error(`docs/other-clients.md has no listing ${name}`);
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(resolve(FOLDER, name), listing);
  return start(process.execPath, [resolve(FOLDER, name), url], {});
};

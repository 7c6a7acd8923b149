/** Contexts of `@opentelemetry/api` behind `await`, in code that the Vite plugin has rewritten: their values, and what is made of them. */
import { ROOT_CONTEXT, type Context, context, createContextKey, defaultTextMapSetter, propagation, trace } from '@opentelemetry/api';
import { parseAst } from 'rolldown/parseAst';
import { expect, it, onTestFinished } from 'vitest';
import { suspension } from '@aetherterm/telemetry/core';
import { registerOpenTelemetryApi } from '@aetherterm/telemetry/otel-api';
import { carry } from '../src/vite/carry.js';
import type { Node } from '../src/vite/nodes.js';
import { startBoth } from './support/collector.js';

const KEY = createContextKey('user');
const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<unknown>;

/** Runs `code`, rewritten, with these at hand; returns what it has left in `out`. */
const play = async (code: string): Promise<unknown[]> => {
  const [telemetry] = await startBoth();
  onTestFinished(registerOpenTelemetryApi(telemetry, { propagators: ['b3', 'baggage'] }));
  const out: unknown[] = [];
  const given = {
    out,
    telemetry,
    context,
    trace,
    make: suspension,
    tick: () => new Promise((resolve) => setTimeout(resolve, 1)),
    /** A context with a value, and baggage that says the same. */
    of: (user: string, on: Context = ROOT_CONTEXT) => propagation.setBaggage(on.setValue(KEY, user), propagation.createBaggage({ user: { value: user } })),
    /** What is found here: the value, and the baggage as it would be sent. */
    here: () => {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier, defaultTextMapSetter);
      return `${String(context.active().getValue(KEY) ?? '-')} ${carrier['baggage'] ?? '-'}`;
    },
    span: () => trace.getActiveSpan()?.spanContext().spanId ?? '-',
  };
  await new AsyncFunction(...Object.keys(given), carry(code, parseAst(code) as unknown as Node, 'make', '__a')!.toString())(...Object.values(given));
  return out;
};

it('values and baggage are there, with a span and without one', async () => {
  expect(
    await play(`
      const task = (user) => context.with(of(user), async () => {
        await tick();
        out.push(here());
        await telemetry.span('own', async (own) => {
          await tick();
          out.push(here(), span() === own.spanId);
        });
        await context.with(of(user + '!', context.active()), () => tick());
        out.push(here());
      });
      await task('ada');
      out.push(here(), span());
    `),
  ).toEqual(['ada user=ada', 'ada user=ada', true, 'ada user=ada', '- -', '-']);
});

it('each of several that wait in turns has its own', async () => {
  expect(
    await play(`
      const seen = {};
      const note = (user) => (seen[user] ??= new Set()).add(here());
      const task = async (user) => {
        for (let n = 0; n < 3; n++) {
          await tick();
          note(user);
          await trace.getTracer('t').startActiveSpan('step', async (step) => {
            await tick();
            if (span() !== step.spanContext().spanId) out.push('another span');
            note(user);
          });
          note(user);
        }
        try {
          await Promise.reject(new Error(user));
        } catch {
          note(user);
        }
      };
      await Promise.all(['ada', 'bob'].map((user) => context.with(of(user), task, undefined, user)));
      for (const user in seen) out.push(user, ...seen[user]);
      out.push(here());
    `),
  ).toEqual(['ada', 'ada user=ada', 'bob', 'bob user=bob', '- -']);
});

it('what was bound on either side has what was there, and without a span none', async () => {
  expect(
    await play(`
      const bound = context.with(of('ada'), () => [telemetry.bind(async () => { await tick(); out.push(here(), span()) }), context.bind(of('bob'), async () => { await tick(); out.push(here()) })]);
      for (const one of bound) await one();
      await telemetry.span('outer', () => context.with(trace.deleteSpan(of('eve')), async () => { await tick(); out.push(here(), span()) }));
      out.push(here(), span());
    `),
  ).toEqual(['ada user=ada', '-', 'bob user=bob', 'eve user=eve', '-', '- -', '-']);
});

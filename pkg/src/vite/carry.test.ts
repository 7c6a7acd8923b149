/** What is rewritten runs as it did, and has its own context wherever it wakes up. */
import { parseAst } from 'rolldown/parseAst';
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { describe, expect, it } from 'vitest';
import { active, run, suspension } from '../core/context.js';
import type { SpanContext } from '../types.js';
import { carry } from './carry.js';
import type { Node } from './nodes.js';

type Env = Record<string, unknown>;
const AsyncFunction = (async () => {}).constructor as new (...args: string[]) => (...args: unknown[]) => Promise<unknown>;

const rewrite = (code: string, warnings: string[] = []) =>
  carry(code, parseAst(code) as unknown as Node, 'make', '__a', (message) => warnings.push(message))?.toString() ?? code;

/** Runs a module's code, which has `env` at hand, and returns what it has left in `out`. */
const play = async (code: string, env: Env): Promise<unknown[]> => {
  const out: unknown[] = [];
  const given = { out, make: suspension, ...env };
  await new AsyncFunction(...Object.keys(given), code)(...Object.values(given));
  return out;
};

const named = (spanId: string): SpanContext => ({ traceId: 't', spanId, sampled: true });
const here = (): string => active()?.spanId ?? '-';
const within = (name: string, fn: () => unknown): unknown => run(named(name), fn);
const tick = (value?: unknown): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 1, value));
const fails = async (): Promise<never> => {
  await tick();
  throw new Error('failed');
};
const context: Env = { here, within, tick, fails };

/** Programs that note what they see; each is played as it is and rewritten, with the same outcome. */
const PROGRAMS: Record<string, string> = {
  'values, this and arguments': `
    const o = { x: 1, async m(a, b = a + 1) { const first = await this.x; return [first, a, b, arguments.length, new.target] } };
    out.push(await o.m(5), o.m.length, o.m.name, o.m.constructor.name, Object.prototype.toString.call(o.m));
    class A { async m() { return 'A' } static async s() { return (await 1) + (await 2) } get [await 'k']() { return 3 } #p = async () => await 4; p() { return this.#p() } }
    class B extends A { async m() { await 0; return [await super.m(), await B.s(), new B().k, await this.p()] } }
    out.push(await new B().m());
  `,
  'forms of await': `
    const id = async (v) => v;
    const tail = async () => (await id(1), await id(2));
    const object = async () => ({ a: await id(1), ...(await id({ b: 2 })), c: [await(id)(3)], d: \`\${await id(4)}\${await id(5)}\` });
    const nested = async () => await await id(await id(6));
    const newline = async () =>
      await id(7)
    const comma = async (a, b = (x => x)(2)) => /* => */ (
      // )
      await (a, b)
    );
    const bare = async x => (await x) ** 2
    out.push(await tail(), await object(), await nested(), await newline(), await comma(1));
    out.push(await bare(3))
    let n = 0
    await id(n++)
    ;[n] = [await id(n + 1)]
    out.push(n, await id(), typeof await id, !await id(0), await{ then(f) { f('thenable') } });
  `,
  'errors, and finally': `
    const log = async (fn) => { try { out.push(['ok', await fn()]) } catch (e) { out.push(['threw', e.message]) } };
    await log(async () => { try { return await fails() } catch { return 'caught' } finally { out.push('finally') } });
    await log(async () => { try { return fails() } catch { return 'never caught' } });
    await log(async () => { try { await fails() } finally { return 'overridden' } });
    await log(async () => { for (;;) { try { await tick(); break } finally { await tick(); out.push('left') } } return 'after' });
    await log(async () => { try { throw new Error('inner') } catch ({ message = await tick('no') }) { return message + await tick('!') } });
    await log(async ({ a } = undefined) => { await a });
    await log(async () => { const x = await tick(1); { let x = 2; await tick(); out.push(x) } return x });
  `,
  'declarations': `
    'use strict';
    async function f(n) { 'use strict'; out.push(typeof later, g(n)); await 0; var v = 1; function g(x) { return x * 2 } { function later() {} } return [v, g(v)] }
    out.push(await f(2));
    async function n(n) { await 0; function n2() { return n } return n2() }
    out.push(await n(7));
    label: { await 0; break label; }
    if (await 1) out.push('then'); else out.push('else');
    switch (await 2) { case await 2: out.push('two'); await 0; break; default: out.push('default') }
    for (let i = await 0; i < await 2; i += await 1) out.push(i);
    while (await false);
    for (const k in await { a: 1 }) out.push(k);
    for (const k of await [1, await 2]) out.push(k);
  `,
  'for await': `
    async function* gen() { try { yield 1; yield 2; yield 3 } finally { out.push('closed'); await tick() } }
    const all = async (of) => { const found = []; for await (const x of of) found.push(x); return found };
    out.push(await all(gen()), await all([1, tick(2), Promise.resolve(3)]), await all(new Set('ab')), await all((await tick([gen]))[0]()));
    outer: for (const n of [1, 2]) { inner: for await (const x of gen()) { if (x === 1) continue inner; if (n === 1) continue outer; out.push([n, x]); break outer } }
    const found = async () => { for await (const { length = 0 } of ['ab', 'c']) if (length === 1) return length; };
    out.push(await found());
    for (const bad of [undefined, {}, 5, { [Symbol.asyncIterator]: () => 1 }, [fails()], { [Symbol.asyncIterator]: () => ({ next() { throw new Error('sync') } }) }]) {
      try { for await (const x of bad) out.push(x); } catch (e) { out.push([e.constructor.name, e.message.startsWith('failed') || e.message === 'sync']) }
    }
    if (found) for await (const x of (0, [9])) out.push(x); else out.push('no');
    let last; for await (last of [1, 2]); out.push(last);
  `,
  'async generators': `
    const drain = async (it, ...sends) => { const seen = []; for (const send of [undefined, ...sends]) seen.push(await it.next(send)); return seen };
    async function* g(a) { const got = yield a; out.push(['got', got]); const r = yield* inner(); out.push(['r', r]); return tick('end') }
    async function* inner() { try { return (yield 'i1') + (yield 'i2') } catch (e) { out.push(['inner', e]); yield 'recovered' } finally { out.push('inner closed') } }
    out.push(await drain(g(1), 'x', 'y', 'z', 'w'));
    const it = g(2); await it.next(); await it.next('q'); out.push(await it.throw('thrown')); out.push(await it.return('early'), await it.next());
    const before = g(3); out.push(await before.return(tick('awaited')));
    async function* sync() { yield* [1, tick(2)]; yield; yield tick(3); return (await 4, 5) }
    out.push(await drain(sync(), 1, 1, 1, 1));
    const object = { async *m() { yield this === object } }; out.push(await drain(object.m()));
    const queue = sync(); out.push(await Promise.all([queue.next(), queue.next(), queue.next()]));
    async function* rejects() { try { return fails() } catch (e) { yield e.message } }
    try { out.push(await drain(rejects(), 1)) } catch (e) { out.push(e.message) }
  `,
  'order of what happens at once': `
    const note = (x) => () => out.push(x);
    const ticks = async (name) => { for (let i = 0; i < 4; i++) { await null; out.push(name + i) } return name };
    const a = ticks('a').then(note('a done')); const b = (async () => { out.push('sync'); return ticks('b') })().then(note('b done'));
    const c = (async () => await ticks('c'))().then(note('c done'));
    async function* g() { yield 1; return 2 } const d = (async () => { for await (const x of g()) out.push('d' + x) })().then(note('d done'));
    const e = (async () => { const it = g(); await it.next(); await it.next(); out.push('e') })().then(note('e done'));
    queueMicrotask(note('micro')); out.push('started'); let p = Promise.resolve(); for (let i = 0; i < 12; i++) p = p.then(note('p' + i));
    await Promise.all([a, b, c, d, e, p]);
  `,
};

describe('results, errors, order and timing stay', () => {
  it.each(Object.entries(PROGRAMS))('%s', async (_name, code) => {
    const rewritten = rewrite(code);
    expect(rewritten).not.toBe(code);
    const expected = await play(code, context);
    expect(expected.length).toBeGreaterThan(4);
    expect(await play(rewritten, context)).toEqual(expected);
    expect(here(), 'nothing is left current').toBe('-');
  });
});

/** Programs that push where they are; `[name, code, expected]`. */
const CONTEXTS: [string, string, unknown[]][] = [
  [
    'two tasks at once do not get into each other',
    `const task = (name, ms) => within(name, async () => { for (let i = 0; i < 3; i++) { await tick(); out.push([name, here()]) } return here() });
     const ends = await Promise.all([task('a'), task('b')]); out.push(ends, here());`,
    [['a', 'a'], ['b', 'b'], ['a', 'a'], ['b', 'b'], ['a', 'a'], ['b', 'b'], ['a', 'b'], '-'],
  ],
  [
    'a scope inside, and what is called from there',
    `await within('outer', async () => {
       const inner = within('inner', async () => { await tick(); out.push(here()); await helper(); out.push(here()) });
       out.push(here()); await tick(); out.push(here()); await inner; out.push(here());
     });
     async function helper() { out.push('helper ' + here()); await tick(); out.push('helper ' + here()) }
     out.push(here());`,
    ['outer', 'inner', 'helper inner', 'outer', 'helper inner', 'inner', 'outer', '-'],
  ],
  [
    'errors: in catch, in finally, and in who awaits them',
    `await within('a', async () => {
       try { await fails() } catch { out.push(here()); await tick(); out.push(here()) } finally { await tick(); out.push(here()) }
       await (async () => { await fails() })().catch(() => {}); out.push(here());
       try { await (async () => { try { await fails() } finally { out.push(here()) } })() } catch {} out.push(here());
     }); out.push(here());`,
    ['a', 'a', 'a', 'a', 'a', 'a', '-'],
  ],
  [
    'for await, however it is left',
    `async function* numbers() { for (let i = 0; i < 3; i++) { await tick(); out.push('in ' + here()); yield i } }
     await within('a', async () => {
       for await (const n of numbers()) { out.push(here()); await tick() }
       for await (const n of [tick(1)]) out.push(here());
       outer: for (;;) for await (const n of numbers()) break outer;
       out.push(here());
       try { for await (const n of [fails()]); } catch { out.push(here()) }
     }); out.push(here());`,
    ['in a', 'a', 'in a', 'a', 'in a', 'a', 'a', 'in a', 'a', 'a', '-'],
  ],
  [
    'a generator stays where it was begun, whoever asks it, and so does who asks',
    `async function* g() { try { for (;;) { out.push('g ' + here()); yield; } } finally { await tick(); out.push('end ' + here()) } }
     async function* both() { yield* g() }
     const it = both(); await within('a', () => it.next());
     await within('b', async () => { await it.next(); out.push(here()); await tick(); await it.next(); out.push(here()); await it.return(); out.push(here()) }); out.push(here());`,
    ['g a', 'g a', 'b', 'g a', 'b', 'end a', 'b', '-'],
  ],
  [
    'methods, arrows in arrows, parameters and callbacks',
    `class Store { async load(map = async (x) => { await tick(); return here() + x }) { await tick(); return [here(), await map(1), await Promise.all([1, 2].map(async (x) => (await tick(), here() + x)))] } }
     out.push(await within('a', () => new Store().load()), here());
     const curried = () => async () => { await 0; return async () => { await 0; return here() } };
     out.push(await within('b', async () => (await curried()())()));`,
    [['a', 'a1', ['a1', 'a2']], '-', 'b'],
  ],
  [
    'a promise that somebody else settles, in another context',
    `let settle; const shared = new Promise((resolve) => (settle = resolve));
     const waiting = within('a', async () => { await shared; return here() });
     within('b', () => settle()); out.push(await waiting, here());`,
    ['a', '-'],
  ],
];

describe('the context is there again', () => {
  it.each(CONTEXTS)('%s', async (_name, code, expected) => {
    expect(await play(rewrite(code), context)).toEqual(expected);
    expect(here(), 'nothing is left current').toBe('-');
    expect(await play(code, context), 'which it is not by itself').not.toEqual(expected);
  });

  it('after await at the top of a module', async () => {
    const code = rewrite(`'use strict'; out.push(here()); await tick(); out.push(here()); try { await fails() } catch { out.push(here()) }`);
    expect(await run(named('m'), () => play(code, context))).toEqual(['m', 'm', 'm']);
    expect(here()).toBe('-');
  });
});

describe('what is not rewritten', () => {
  it.each([
    ['code that never waits', 'export const f = async () => 1; async function g() { return (function* () { yield 1 })() }'],
    ['synchronous generators', 'function* g() { yield* [yield 1] }'],
  ])('%s', (_name, code) => expect(rewrite(code)).toBe(code));

  it.each([
    ['async function f() { await 0; function g() {} function g() {} }', '"g" is declared twice'],
    ['async function f() { await 0; if (1) { var [{ a: g = 1 }] = [] } function g() {} }', '"g" is declared twice'],
    ['async function f() { await 0; await using x = y }', '"await using"'],
  ])('%s, and says so', (code, reason) => {
    const warnings: string[] = [];
    expect(rewrite(code, warnings)).toBe(code);
    expect(warnings.join()).toContain(reason);
    // Only that function is left alone.
    expect(rewrite(`${code}; const h = async () => await 1`)).toContain('make()');
  });
});

it('keeps what stands first first, and says where everything was', () => {
  const code = `#!/usr/bin/env node\n'use client';\n// 😀\nexport const load = async () => {\n  const x = await first();\n  return second(x);\n};\nawait load();\n`;
  const text = carry(code, parseAst(code) as unknown as Node, 'make', '__a')!;
  const rewritten = text.toString();
  expect(rewritten.startsWith(`#!/usr/bin/env node\n'use client';`)).toBe(true);
  const map = new TraceMap(text.generateMap({ source: 'a.js', hires: 'boundary' }) as never);
  for (const word of ['first', 'second', 'load()']) {
    const place = (source: string) => {
      const lines = source.split('\n');
      const line = lines.findIndex((one) => one.includes(word));
      return { line: line + 1, column: lines[line]!.indexOf(word) };
    };
    expect(originalPositionFor(map, place(rewritten))).toMatchObject(place(code));
  }
});

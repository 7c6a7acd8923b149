// One run of one contestant: what is done in the page, and what is read afterwards.
import { heldBytes, marksDuring, taskSeconds, tasksDuring, withPage } from './browser.mjs';

/** Longest wait for spans to arrive; nothing that is slower would be worth comparing. */
const PATIENCE_MS = 30_000;

const begin = (page, name, origin) =>
  page.evaluate(
    async ([name, origin]) => {
      await import(`/${name}.js`);
      globalThis.contestant = await globalThis.start(origin);
    },
    [name, origin],
  );

/** `traces` of them, a few at a time as a busy page would, then everything is sent. */
const paced = (page, traces, each = 10) =>
  page.evaluate(
    ([traces, each]) =>
      new Promise((done) => {
        const { contestant } = globalThis;
        let at = 0;
        const step = () => {
          const end = Math.min(at + each, traces);
          while (at < end) contestant.trace(10 * at++);
          if (at < traces) setTimeout(step, 15);
          else contestant.flush().then(done);
        };
        step();
      }),
    [traces, each],
  );

/** Waits until the receiver has `spans`, or nothing more arrives. */
const arrival = async (receiver, spans) => {
  const until = Date.now() + PATIENCE_MS;
  let before = -1;
  let still = 0;
  while (receiver.spans() < spans && Date.now() < until && still < 40) {
    still = receiver.spans() === before ? still + 1 : 0;
    before = receiver.spans();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Waits until a client has given up the workers that it has nothing for any more. */
const alone = async (page) => {
  const until = Date.now() + PATIENCE_MS;
  while (page.workers().length) {
    if (Date.now() > until) throw new Error('a worker without work goes on');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

/** Processor time of the main thread and bytes on the wire for `traces` traces of ten spans. */
export const steady = (browser, receiver, name, { traces, warmUp }) =>
  withPage(browser, receiver.origin, async (page, session) => {
    const expected = name === 'empty' ? 0 : traces * 10;
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    await begin(page, name, receiver.origin);
    await paced(page, warmUp);
    await arrival(receiver, name === 'empty' ? 0 : warmUp * 10);
    receiver.take();
    await session.send('HeapProfiler.collectGarbage');
    const before = await taskSeconds(session);
    await paced(page, traces);
    await arrival(receiver, expected);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    const after = await taskSeconds(session);
    const { spans, bytes, requests } = receiver.take();
    return { spans, expected, bytes, requests, cpuMs: 1000 * (after.tasks - before.tasks), scriptMs: 1000 * (after.script - before.script) };
  });

/** 10 000 spans at once: the longest tasks, and what is still held when all have been sent. */
export const burst = (browser, receiver, name, { traces }) =>
  withPage(browser, receiver.origin, async (page, session) => {
    const spans = name === 'empty' ? 0 : traces * 10;
    await begin(page, name, receiver.origin);
    // What is compiled and kept for good is there before it is counted.
    await paced(page, 40);
    await arrival(receiver, name === 'empty' ? 0 : 400);
    receiver.take();
    const before = await heldBytes(page, session);
    const { tasks } = await tasksDuring(session, async () => {
      await page.evaluate(
        (traces) =>
          new Promise((resolve) => {
            setTimeout(() => {
              for (let at = 0; at < traces; at++) globalThis.contestant.trace(10 * at);
              resolve();
            });
          }),
        traces,
      );
      await page.evaluate(() => globalThis.contestant.flush());
      await arrival(receiver, spans);
    });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    await alone(page);
    const after = await heldBytes(page, session);
    const taken = receiver.take();
    const stats = await page.evaluate(() => globalThis.contestant.stats?.());
    return { expected: spans, spans: taken.spans, longestMs: tasks[0] ?? 0, tasks: tasks.slice(0, 5), heldBytes: after - before, stats };
  });

/**
 * From `import` until a span is recorded and its headers are written, and until the first request with spans is handed to the
 * network if everything is flushed at once, with a processor four times slower: milliseconds, and how long the main thread worked.
 */
export const startUp = (browser, receiver, name) =>
  withPage(browser, receiver.origin, async (page, session) => {
    await session.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    const { begun, recording, exported } = await marksDuring(session, () =>
      page.evaluate(
        async ([name, origin]) => {
          const { fetch } = globalThis;
          let found;
          const asked = new Promise((resolve) => {
            globalThis.fetch = (input, ...rest) => {
              // Later ones may follow before the trace ends.
              if (!found && String(input.url ?? input).endsWith('/otlp/v1/traces')) resolve((found = performance.mark('exported')));
              return fetch(input, ...rest);
            };
          });
          performance.mark('begun');
          await import(`/${name}.js`);
          const client = globalThis.start(origin);
          if (client.record().b3 === undefined) throw new Error('no header was written');
          performance.mark('recording');
          await client.flush();
          await asked;
        },
        [name, receiver.origin],
      ),
    );
    receiver.take();
    const from = ({ at, work }) => ({ ms: at - begun.at, cpuMs: work - begun.work });
    return { recording: from(recording), exported: from(exported) };
  });

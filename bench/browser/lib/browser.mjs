// A Chromium to measure in: a new page for every run, and what its main thread has done.
import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--js-flags=--expose-gc', '--enable-precise-memory-info'];

export const launch = () => chromium.launch({ executablePath: process.env.AETHER_CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });

/** Keeps the memory of WebAssembly modules in sight, which is counted nowhere else. */
const watchModules = () => {
  const { instantiate } = WebAssembly;
  globalThis.modules = [];
  WebAssembly.instantiate = async (...input) => {
    const made = await instantiate(...input);
    const { exports } = made.instance ?? made;
    if (exports.memory) globalThis.modules.push(exports.memory);
    return made;
  };
};

/** A page of its own with nothing cached. `use` gets it with a session of Chromium's protocol. */
export const withPage = async (browser, origin, use) => {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    const session = await context.newCDPSession(page);
    await page.addInitScript(watchModules);
    await page.goto(origin);
    const result = await use(page, session);
    if (problems.length) throw new Error(`the page failed: ${problems.join('; ')}`);
    return result;
  } finally {
    await context.close();
  }
};

/** Seconds of processor time that tasks of the main thread have taken since the page began. */
export const taskSeconds = async (session) => {
  const { metrics } = await session.send('Performance.getMetrics');
  const of = (name) => metrics.find((one) => one.name === name)?.value ?? 0;
  return { tasks: of('TaskDuration'), script: of('ScriptDuration') };
};

/** Bytes that the page still holds after everything unreachable is gone: objects, buffers, and memory of modules. */
export const heldBytes = async (page, session) => {
  for (let n = 0; n < 3; n++) await session.send('HeapProfiler.collectGarbage');
  const { usedSize, backingStorageSize = 0 } = await session.send('Runtime.getHeapUsage');
  const modules = await page.evaluate(() => globalThis.modules.reduce((sum, { buffer }) => sum + buffer.byteLength, 0));
  return usedSize + backingStorageSize + modules;
};

/** Runs `act` and returns what Chromium tells of these categories meanwhile, and what `act` does. */
const traced = async (session, includedCategories, act) => {
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories, excludedCategories: ['*'] },
  });
  const result = await act();
  await session.send('Tracing.end');
  await complete;
  return { events, result };
};

const TASKS = ['disabled-by-default-devtools.timeline', 'devtools.timeline'];

/**
 * Runs `act` and returns what the page has marked meanwhile, by their names: milliseconds, and those of processor time that tasks of
 * its thread have taken by then. What the thread takes between tasks is not in it: Chromium slows a processor down by keeping the
 * thread busy, and does so while it waits, too.
 */
export const marksDuring = async (session, act) => {
  const { events } = await traced(session, ['blink.user_timing', ...TASKS], act);
  const marks = events.filter(({ cat, tts }) => cat === 'blink.user_timing' && tts !== undefined);
  const [{ pid, tid }] = marks;
  const tasks = events.filter((event) => event.name === 'RunTask' && event.pid === pid && event.tid === tid && event.tdur !== undefined);
  const before = (end) => tasks.reduce((sum, { tts, tdur }) => sum + Math.min(tdur, Math.max(end - tts, 0)), 0);
  return Object.fromEntries(marks.map(({ name, ts, tts }) => [name, { at: ts / 1000, work: before(tts) / 1000 }]));
};

/** Runs `act` and returns the main thread's tasks meanwhile, in milliseconds of processor time, longest first. */
export const tasksDuring = async (session, act) => {
  const { events, result } = await traced(session, [...TASKS, '__metadata'], act);
  const main = events.filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain').map(({ pid, tid }) => `${pid} ${tid}`);
  const tasks = events
    .filter(({ name, pid, tid }) => name === 'RunTask' && main.includes(`${pid} ${tid}`))
    .map(({ tdur, dur }) => (tdur ?? dur ?? 0) / 1000)
    .sort((a, b) => b - a);
  return { tasks, result };
};

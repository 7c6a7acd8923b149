import { afterEach, expect, it, vi } from 'vitest';
import { entries } from '../../../test/support/entries.js';
import { record } from '../../../test/support/recorder.js';
import { longFrames } from './index.js';

afterEach(() => vi.unstubAllGlobals());

const script = (name: string, duration: number) => ({ duration, invokerType: 'event-listener', sourceURL: `https://page.example/${name}.js?v=1`, sourceFunctionName: name, forcedStyleAndLayoutDuration: 2 });
const frame = (duration: number, scripts: ReturnType<typeof script>[] = []) => ({ duration, startTime: 1000, blockingDuration: duration - 50, renderStart: 1000 + duration - 20, scripts });

it('records long ones with the scripts that took most, no short ones, and no more than it should', () => {
  const { tell } = entries('long-animation-frame');
  const recorder = record(longFrames({ thresholdMs: 80, maxPerSecond: 2 }));
  tell(frame(79), frame(120.4, ['a', 'b', 'c', 'd'].map((name, index) => script(name, index))), frame(80), frame(90));
  expect(recorder.logs).toMatchObject([
    {
      body: 'a frame took 120 ms',
      severityText: 'WARN',
      eventName: 'browser.long_animation_frame',
      time: performance.timeOrigin + 1000,
      context: undefined,
      attributes: {
        'browser.long_animation_frame.duration': 120.4,
        'browser.long_animation_frame.render_duration': 20,
        'browser.long_animation_frame.script.function': ['d', 'c', 'b'],
        'browser.long_animation_frame.script.url': ['d', 'c', 'b'].map((name) => `https://page.example/${name}.js?REDACTED`),
      },
    },
    { body: 'a frame took 80 ms' },
  ]);
  expect(recorder.losses).toHaveLength(1);
});

it('records nothing where the browser does not tell, and nothing after it was undone', () => {
  const silent = entries();
  expect(record(longFrames()).logs).toEqual([]);
  expect(silent.observed()).toEqual([]);
  const { tell, observed } = entries('long-animation-frame');
  const recorder = record(longFrames());
  expect(observed()).toEqual(['long-animation-frame']);
  recorder.undo();
  expect(observed()).toEqual([]);
  tell(frame(500));
  expect(recorder.logs).toEqual([]);
});

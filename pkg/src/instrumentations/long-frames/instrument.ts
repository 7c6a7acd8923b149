/**
 * A log record `browser.long_animation_frame` with the scripts that took the most time, from the Long Animation
 * Frames API (<https://w3c.github.io/long-animation-frames/>); browsers without it record nothing.
 */
import { observe } from '../../core/hooks.js';
import { Limit } from '../../core/limit.js';
import { parseUrl, recordUrl } from '../../core/url.js';
import type { InstrumentationContext } from '../../types.js';
import type { LongFramesOptions } from './options.js';

interface Script {
  duration: number;
  invokerType: string;
  sourceURL: string;
  sourceFunctionName: string;
  forcedStyleAndLayoutDuration: number;
}

interface Frame extends PerformanceEntry {
  blockingDuration: number;
  renderStart: number;
  scripts: readonly Script[];
}

/** Scripts that are named. */
const MAX_SCRIPTS = 3;

export const instrument = (context: InstrumentationContext, { thresholdMs = 100, maxPerSecond = 5 }: LongFramesOptions): (() => void) => {
  const limit = new Limit(maxPerSecond);
  return observe<Frame>(context, 'long-animation-frame', ({ duration, startTime, blockingDuration, renderStart, scripts }) => {
    if (duration < thresholdMs) return;
    if (!limit.allows('')) return context.rateLimited('logs');
    const slowest = [...scripts].sort((a, b) => b.duration - a.duration).slice(0, MAX_SCRIPTS);
    const url = (text: string): string => {
      const parsed = text ? parseUrl(text) : undefined;
      return parsed ? recordUrl(context, parsed) : '';
    };
    context.log('warn', `a frame took ${Math.round(duration)} ms`, {
      eventName: 'browser.long_animation_frame',
      attributes: {
        'browser.long_animation_frame.duration': duration,
        'browser.long_animation_frame.blocking_duration': blockingDuration,
        'browser.long_animation_frame.render_duration': renderStart ? startTime + duration - renderStart : 0,
        'browser.long_animation_frame.script.url': slowest.map(({ sourceURL }) => url(sourceURL)),
        'browser.long_animation_frame.script.function': slowest.map(({ sourceFunctionName }) => sourceFunctionName),
        'browser.long_animation_frame.script.invoker_type': slowest.map(({ invokerType }) => invokerType),
        'browser.long_animation_frame.script.duration': slowest.map((script) => script.duration),
        'browser.long_animation_frame.script.forced_layout_duration': slowest.map((script) => script.forcedStyleAndLayoutDuration),
      },
      context: null,
      time: performance.timeOrigin + startTime,
    });
  });
};

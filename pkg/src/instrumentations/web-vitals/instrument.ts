/**
 * A log record `browser.web_vital` for each. What measures them is loaded by itself: browsers keep the entries it
 * needs, so that nothing is missed by coming later.
 */
import type { Metric } from 'web-vitals';
import { warnOnce } from '../../core/warn.js';
import type { InstrumentationContext } from '../../types.js';
import type { WebVitalsOptions } from './options.js';

/** Loads what measures them. */
export type LoadMeasure = () => Promise<Pick<typeof import('./measure.js'), 'measure'>>;

export const instrument = (context: InstrumentationContext, options: WebVitalsOptions, load: LoadMeasure): (() => void) => {
  let on = !!globalThis.document;
  const record = context.guard(({ name, value, delta, id, rating, navigationType }: Metric) => {
    if (!on) return;
    context.log('info', `${name} ${rating}`, {
      eventName: 'browser.web_vital',
      attributes: {
        'browser.web_vital.name': name.toLowerCase(),
        'browser.web_vital.value': value,
        'browser.web_vital.delta': delta,
        'browser.web_vital.id': id,
        'browser.web_vital.rating': rating,
        'browser.web_vital.navigation_type': navigationType,
      },
      context: null,
    });
  });
  if (on) {
    load().then(
      context.guard(({ measure }) => on && measure(record, options)),
      () => warnOnce('web vitals are not measured: their chunk could not be loaded'),
    );
  }
  return () => {
    on = false;
  };
};

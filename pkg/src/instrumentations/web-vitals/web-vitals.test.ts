// @vitest-environment happy-dom
import { expect, it, onTestFinished, vi } from 'vitest';
import type { MetricType } from 'web-vitals';
import { record } from '../../../test/support/recorder.js';
import type { Instrumentation } from '../../types.js';
import { webVitals } from './index.js';
import { type LoadMeasure, instrument } from './instrument.js';
import type { WebVitalsOptions } from './options.js';

const LCP = { name: 'LCP', value: 1200.5, delta: 1200.5, id: 'v5-1', rating: 'good', navigationType: 'navigate', entries: [] } as unknown as MetricType;

const measured = (options: WebVitalsOptions, load: LoadMeasure): Instrumentation => ({ name: webVitals().name, enable: (context) => instrument(context, options, load) });

it('records what is measured, as the options say, until it is undone', async () => {
  const measure = vi.fn<(tell: (metric: MetricType) => void, options: WebVitalsOptions) => void>();
  const recorder = record(measured({ reportAllChanges: true }, async () => ({ measure })));
  await vi.waitFor(() => expect(measure).toHaveBeenCalledOnce());
  const [tell, options] = measure.mock.calls[0]!;
  expect(options).toEqual({ reportAllChanges: true });
  tell(LCP);
  recorder.undo();
  tell(LCP);
  expect(recorder.logs).toMatchObject([
    {
      body: 'LCP good',
      eventName: 'browser.web_vital',
      context: undefined,
      attributes: { 'browser.web_vital.name': 'lcp', 'browser.web_vital.value': 1200.5, 'browser.web_vital.rating': 'good', 'browser.web_vital.navigation_type': 'navigate' },
    },
  ]);
});

it('measures nothing where it is undone before its code has come, and says so where that does not come', async () => {
  const measure = vi.fn();
  const loading = Promise.resolve({ measure });
  record(measured({}, () => loading)).undo();
  await loading;
  expect(measure).not.toHaveBeenCalled();

  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  record(measured({}, () => Promise.reject(new Error('404'))));
  await vi.waitFor(() => expect(warn).toHaveBeenCalledOnce());
  expect(warn.mock.calls[0]![0]).toContain('web vitals are not measured');
});

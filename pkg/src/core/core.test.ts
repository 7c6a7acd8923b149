/** The client's own rules for what it records. */
import { expect, it } from 'vitest';
import { record } from '../../test/support/recorder.js';

it('puts the route on what has none of its own', () => {
  const recorder = record({ name: 'none', enable: () => {} });
  const { core } = recorder;
  core.setRoute('/users/:id');
  core.startSpan('by default').end();
  core.startSpan('by hand', { attributes: { 'aether.route': '/legacy' } }).end();
  core.log('info', 'by default');
  core.log('info', 'by hand', { attributes: { 'aether.route': '/legacy' } });
  expect([...recorder.spans, ...recorder.logs].map(({ attributes }) => attributes!['aether.route'])).toEqual(['/users/:id', '/legacy', '/users/:id', '/legacy']);
});

it('records an error that somebody hands in, whatever it is', () => {
  const recorder = record({ name: 'none', enable: () => {} });
  recorder.core.span('checkout', (span) => {
    recorder.core.recordError(new RangeError('too many'), { attributes: { 'cart.items': 7 } });
    recorder.core.recordError('only text', { context: null });
    expect(recorder.logs).toMatchObject([
      { body: 'too many', severity: 17, context: { spanId: span.spanId }, attributes: { 'exception.type': 'RangeError', 'cart.items': 7 } },
      { body: 'only text', context: undefined, attributes: { 'exception.type': 'string' } },
    ]);
  });
});

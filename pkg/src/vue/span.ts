/** Spans that belong to a component. */
import { onScopeDispose } from 'vue';
import type { Span, SpanOptions } from '../types.js';
import { pageOf, useTelemetry } from './key.js';

/**
 * Starts a span that ends with the component (or effect scope) that calls this in its `setup`, or earlier, with
 * `span.end()`. It is not the current context: pass it on with `telemetry.with(span, fn)`. Its parent is the current
 * context, or else the navigation that has brought the component up.
 *
 * @example
 * const span = useSpan('edit order');
 * const save = () => telemetry.with(span, () => socket.emit('save', order)).then(() => span.end());
 */
export const useSpan = (name: string, options?: SpanOptions): Span => {
  const telemetry = useTelemetry();
  const parent = options?.parent === undefined ? (telemetry.active() ?? pageOf(telemetry).navigation) : options.parent;
  const span = telemetry.startSpan(name, { ...options, ...(parent !== undefined && { parent }) });
  onScopeDispose(() => span.end());
  return span;
};

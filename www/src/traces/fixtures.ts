/** Spans for tests, with everything but the interesting part filled in. */
import type { Span } from './jaeger'

export function span(spanId: string, parentId: string | null, startUs: number, endUs: number, more: Partial<Span> = {}): Span {
  return {
    traceId: 'aa', spanId, parentId, name: spanId, service: 'web', processId: 'p1', kind: 'internal',
    startUs, durationUs: endUs - startUs, error: false, errorText: '', attributes: [], resource: [], events: [], links: [],
    ...more,
  }
}

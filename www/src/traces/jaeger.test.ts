import { describe, expect, it } from 'vitest'
import { parseNames, parseTraces } from './jaeger'

const body = {
  data: [
    {
      traceID: 'abc',
      spans: [
        {
          traceID: 'abc', spanID: '02', operationName: 'process terminal:input', startTime: 1000, duration: 25, processID: 'p2',
          references: [{ refType: 'CHILD_OF', traceID: 'abc', spanID: '01' }, { refType: 'FOLLOWS_FROM', traceID: 'fff', spanID: '99' }],
          tags: [
            { key: 'span.kind', type: 'string', value: 'CONSUMER' },
            { key: 'error', type: 'bool', value: true },
            { key: 'otel.status_description', type: 'string', value: 'no such terminal' },
            { key: 'messaging.message.body.size', type: 'int64', value: 4 },
          ],
          logs: [{ timestamp: 1010, fields: [{ key: 'event', value: 'exception' }, { key: 'exception.type', value: 'NotFound' }] }],
        },
        { spanID: '', startTime: 1, duration: 1 },
        { spanID: '03', startTime: 'soon', duration: 1 },
      ],
      processes: { p2: { serviceName: 'aetherterm-backend', tags: [{ key: 'host.name', value: 'box' }] } },
    },
    { traceID: 'empty', spans: [], processes: {} },
    'nonsense',
  ],
}

describe('parseTraces', () => {
  const traces = parseTraces(body)
  it('reads one span with all its parts', () => {
    expect(traces).toHaveLength(1)
    expect(traces[0].spans[0]).toMatchObject({
      spanId: '02', parentId: '01', service: 'aetherterm-backend', kind: 'consumer', error: true, errorText: 'no such terminal',
      links: [{ traceId: 'fff', spanId: '99' }], resource: [{ key: 'host.name', value: 'box' }],
      events: [{ name: 'exception', atUs: 1010, attributes: [{ key: 'exception.type', value: 'NotFound' }] }],
    })
  })
  it('leaves out and counts what it cannot read', () => expect(traces[0].broken).toBe(2))
  it('refuses an answer of another kind', () => {
    expect(() => parseTraces({ traces: [] })).toThrow('Jaeger')
    expect(() => parseTraces('<html>')).toThrow('Jaeger')
    expect(parseTraces({ data: null })).toEqual([])
  })
  it('survives any JSON in any place', () => {
    for (const odd of [null, 1, 'x', [], {}, [null], [{ spanID: 1 }]]) {
      expect(() => parseTraces({ data: [{ traceID: 't', spans: odd, processes: odd }] })).not.toThrow()
      expect(() =>
        parseTraces({ data: [{ traceID: 't', spans: [{ spanID: 'a', startTime: 1, duration: 2, tags: odd, logs: odd, references: odd }], processes: {} }] }),
      ).not.toThrow()
    }
  })
})

describe('parseNames', () => {
  it('reads both forms, sorted and once', () => {
    expect(parseNames({ data: ['b', 'a', 'b'] })).toEqual(['a', 'b'])
    expect(parseNames({ data: [{ name: 'x', spanKind: 'server' }] })).toEqual(['x'])
  })
})

import { describe, expect, it } from 'vitest'
import { condition, inWords, plain, toConditions, toWhen } from './conditions'
import { copyOf, emptyRule, summary, toRoute, toRule } from './rules'

const around = (when: object) => toWhen(toConditions(when))

describe('conditions', () => {
  it('come out as they went in', () => {
    const whens = [
      { resource: { 'service.name': 'shop' }, status: 'error' },
      { name: { glob: 'GET /health*' }, kind: ['server', 'consumer'] },
      { attribute: { 'http.status_code': { at_least: 500, below: 600 }, 'http.route': { not: { glob: '/api/*' } } } },
      { scope: { name: { regex: '^express' }, version: '1.2', attribute: { 'a.key': { exists: false } } } },
      { duration_ms: { above: 10, at_most: 99.5 }, severity: { at_least: 'warn' }, body: { exists: true } },
      { attribute: { code: { not: 404 }, flag: true, text: '200', a: { not: { regex: 'x+' } } } },
      // Without a row of their own.
      { attribute: { odd: { not: { any: [1, { above: 9 }] } }, list: ['a,b', { glob: 'c*' }], deep: { any: [{ glob: 'a' }] } } },
    ]
    for (const when of whens) expect(around(when)).toEqual(when)
  })
  it('mean both where two rows ask about the same', () => {
    const row = (comparison: 'glob' | 'above' | 'equals', text: string) => condition('attribute', 'a', comparison, text)
    expect(toWhen([row('above', '1'), row('glob', '2*')])).toEqual({ attribute: { a: { above: 1, glob: '2*' } } })
    expect(toWhen([row('equals', 'x'), row('above', '1')])).toEqual({ attribute: { a: { equals: 'x', above: 1 } } })
    expect(toWhen([row('glob', 'a*'), row('glob', '*b')])).toEqual({ attribute: { a: { not: { any: [{ not: { glob: 'a*' } }, { not: { glob: '*b' } }] } } } })
  })
  it('tell numbers from texts', () => {
    expect(['200', '"200"', 'true', ' shop ', '-1.5', '1e3', '"broken'].map(plain)).toEqual([200, '200', true, ' shop ', -1.5, '1e3', '"broken'])
  })
  it('leave wrong JSON to the server', () => {
    expect(toWhen([condition('name', '', 'json', '{ not')])).toEqual({ name: '{ not' })
  })
  it('can be said', () => {
    expect(inWords(condition('resource', 'service.name', 'glob', 'shop-*'))).toBe('service.name matches shop-*')
    expect(inWords(condition('duration_ms', '', 'at_least', '500'))).toBe('ms ≥ 500')
    expect(inWords(condition('attribute', '', 'missing'))).toBe('an attribute is not there')
  })
})

describe('a rule in the form', () => {
  it('comes out as it went in', () => {
    const routes = [
      { name: 'no health checks', when: { name: { glob: 'GET /health*' } }, drop: true },
      { name: 'private', hash: ['user.email', 'enduser.id'], delete: ['http.request.header.*'], set: { deployment: 'blue', n: 2 }, resource: { delete: ['host.name'] } },
      { name: 'a tenth', signals: ['traces'], source: ['browser'], share: 0.1, to: ['a', 'b'], continue: true },
      { name: 'odd', share: 0.07, to: [], later: 'key' },
    ]
    for (const route of routes) expect(toRoute(toRule(route))).toEqual(route)
  })
  it('takes one text for a list', () => {
    expect(toRoute(toRule({ name: 'a', signals: 'logs', source: 'server', to: 'b', hash: 'c' }))).toEqual({ name: 'a', signals: ['logs'], source: ['server'], to: ['b'], hash: ['c'] })
  })
  it('lets the server judge a share that is no number', () => {
    expect(toRoute({ ...emptyRule('a', ['b']), share: '25 %' })).toMatchObject({ share: 0.25 })
    expect(toRoute({ ...emptyRule('a', ['b']), share: 'half' })).toMatchObject({ share: 'half' })
  })
  it('is said in one line', () => {
    expect(summary(toRule({ name: 'a', signals: ['traces'], source: ['browser'], share: 0.1, when: { status: 'error' }, to: [] }))).toBe('10 % of traces from browser where status is error')
    expect(summary(emptyRule('a'))).toBe('everything')
  })
  it('is copied under a name of its own, and apart', () => {
    const rule = toRule({ name: 'a', when: { status: 'error' }, to: ['x'] })
    const copy = copyOf(rule, ['a', 'a (copy)'])
    expect(copy.name).toBe('a (copy 2)')
    copy.to.push('y')
    copy.conditions[0]!.text = 'ok'
    expect(toRoute(rule)).toEqual({ name: 'a', when: { status: 'error' }, to: ['x'] })
  })
})

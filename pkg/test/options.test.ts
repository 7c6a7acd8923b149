import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { withEnv } from '../src/core/env.js';
import { parseHeaders } from '../src/core/headers.js';
import { endpoints } from '../src/core/options.js';

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}));
afterEach(() => void vi.restoreAllMocks());

describe('the endpoint', () => {
  it.each([
    ['http://localhost:4318', 'http://localhost:4318/v1/traces'],
    ['http://localhost:4318/', 'http://localhost:4318/v1/traces'],
    ['http://localhost:4318/v1/traces', 'http://localhost:4318/v1/traces'],
    ['https://gateway.example/otlp', 'https://gateway.example/otlp/v1/traces'],
    ['https://gateway.example/otlp/v1/traces/', 'https://gateway.example/otlp/v1/traces'],
    ['https://gateway.example/otlp?tenant=1', 'https://gateway.example/otlp/v1/traces?tenant=1'],
  ])('%s', (endpoint, traces) => {
    expect(endpoints(endpoint)?.[0]).toBe(traces);
    expect(endpoints(endpoint)?.[2]).toBe(traces.replace('traces', 'metrics'));
  });

  it.each(['ftp://host', 'nonsense', 'file:///x', undefined])('%s is none, which is said', (endpoint) => {
    expect(endpoints(endpoint)).toBeUndefined();
  });
});

it('headers are name=value pairs with percent-encoded values', () => {
  expect(parseHeaders('Authorization=Bearer your-token')).toEqual({ Authorization: 'Bearer your-token' });
  expect(parseHeaders('a=1, b=x%2Cy ,,c=d=e')).toEqual({ a: '1', b: 'x,y', c: 'd=e' });
  expect(parseHeaders('a=%zz')).toEqual({ a: '%zz' });
  expect(parseHeaders('no pair,=v,bad name=v')).toEqual({});
  expect(vi.mocked(console.warn).mock.calls.flat().join()).not.toContain('no pair');
});

describe('variables of the build', () => {
  const env = { VITE_TELEMETRY_ENABLED: 'false', VITE_TELEMETRY_ENDPOINT: 'http://a', VITE_TELEMETRY_HEADERS: 'k=v' };

  it('fill in what the code leaves open', () => {
    expect(withEnv({ serviceName: 's' }, env)).toMatchObject({ enabled: false, endpoint: 'http://a', headers: 'k=v' });
    expect(withEnv({ serviceName: 's', enabled: true, endpoint: 'http://b' }, env)).toMatchObject({ enabled: true, endpoint: 'http://b' });
  });

  it.each([['true', true], ['1', true], ['FALSE', false], ['0', false], ['', true], [undefined, true], ['maybe', true]])('ENABLED=%s', (value, enabled) => {
    expect(withEnv({ serviceName: 's' }, { VITE_TELEMETRY_ENABLED: value }).enabled).toBe(enabled);
  });

  it('say everything that a deployment may want to', () => {
    const options = withEnv(
      { serviceVersion: '2', resourceAttributes: { team: 'code' } },
      {
        VITE_TELEMETRY_SERVICE_NAME: 'shop',
        VITE_TELEMETRY_SERVICE_VERSION: '1',
        VITE_TELEMETRY_SAMPLE_RATIO: '0.25',
        VITE_TELEMETRY_RESOURCE_ATTRIBUTES: 'team=env, deployment.environment.name=a%2Cb',
        VITE_TELEMETRY_PROPAGATE_TO: 'https://a.example, https://b.example',
        VITE_TELEMETRY_RECORD_QUERY: 'yes',
      },
    );
    expect(options).toMatchObject({
      serviceName: 'shop',
      serviceVersion: '2',
      sampleRatio: 0.25,
      resourceAttributes: { team: 'code', 'deployment.environment.name': 'a,b' },
      propagateTo: ['https://a.example', 'https://b.example'],
      recordQuery: true,
    });
    expect(console.warn).not.toHaveBeenCalled();
  });

  it.each([['SAMPLE_RATIO', '2'], ['SAMPLE_RATIO', 'all'], ['RECORD_QUERY', 'perhaps'], ['RESOURCE_ATTRIBUTES', 'a'], ['RESOURCE_ATTRIBUTES', 'a=1,b']])('%s=%s is left out, and that is said', (name, value) => {
    const options = withEnv({ serviceName: 's' }, { [`VITE_TELEMETRY_${name}`]: value });
    expect([options.sampleRatio, options.recordQuery, options.resourceAttributes]).toEqual([undefined, undefined, {}]);
    expect(vi.mocked(console.warn).mock.calls.flat().join()).toContain(`VITE_TELEMETRY_${name}`);
  });
});

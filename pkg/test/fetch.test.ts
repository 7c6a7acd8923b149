/** The instrumentation of `fetch`, against a real HTTP server. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { TelemetryOptions } from '@aetherterm/telemetry';
import { recordUrl } from '../src/core/url.js';
import { startBoth } from './support/collector.js';

const serve = async (): Promise<{ url: string; seen: Record<string, unknown>[] }> => {
  const seen: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, b3: request.headers['b3'], mine: request.headers['x-mine'], body });
      response.writeHead(Number(/status=(\d+)/.exec(request.url ?? '')?.[1] ?? 200)).end('pong');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
};

const start = (options: Partial<TelemetryOptions> = {}) => startBoth({ instrumentFetch: true, ...options });

describe('fetch', () => {
  it('has a span, and a header for allowed origins only', async () => {
    const { url, seen } = await serve();
    const [telemetry, collector] = await start({ propagateTo: [url] });
    const other = await serve();
    const text = await telemetry.span('click', async () => (await fetch(`${url}/a?secret=1`, { method: 'post', headers: { 'x-mine': 'yes' }, body: 'data' })).text());
    await fetch(`${other.url}/b`);
    await telemetry.flush();
    expect(text).toBe('pong');
    const [post, get] = ['POST', 'GET'].map((name) => collector.spans().find((span) => span.name === name)!);
    expect(post).toMatchObject({
      kind: 3,
      parentSpanId: collector.spans().find(({ name }) => name === 'click')!.spanId,
      attributes: { 'http.request.method': 'POST', 'url.full': `${url}/a?REDACTED`, 'server.address': '127.0.0.1', 'server.port': Number(new URL(url).port), 'http.response.status_code': 200 },
    });
    expect(seen).toEqual([{ method: 'POST', url: '/a?secret=1', mine: 'yes', body: 'data', b3: `${post!.traceId}-${post!.spanId}-1` }]);
    expect(get!.status).toBe(0);
    expect(other.seen[0]!['b3']).toBeUndefined();
  });

  it('leaves a Request as it is, and a header that the application has set', async () => {
    const { url, seen } = await serve();
    const [telemetry] = await start({ propagateTo: [/^http:\/\/127/] });
    await fetch(new Request(`${url}/r`, { method: 'PUT', body: 'from request', headers: { 'x-mine': 'r' } }));
    await fetch(new URL(`${url}/u`), { headers: [['b3', 'mine']] });
    expect(seen).toMatchObject([{ method: 'PUT', body: 'from request', mine: 'r', b3: expect.stringMatching(/-1$/) }, { url: '/u', b3: 'mine' }]);
    await telemetry.flush();
  });

  it('says what failed, and fails as ever', async () => {
    const { url } = await serve();
    const [telemetry, collector] = await start();
    expect((await fetch(`${url}/?status=404`)).status).toBe(404);
    await expect(fetch('http://127.0.0.1:9/')).rejects.toThrow(TypeError);
    await expect(fetch('no url at all')).rejects.toThrow(TypeError);
    const controller = new AbortController();
    const aborted = fetch(url, { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
    await telemetry.flush();
    expect(collector.spans().map(({ attributes, status }) => [attributes['error.type'], status]).sort()).toEqual([['404', 2], ['AbortError', 2], ['TypeError', 2]]);
  });

  it('is never instrumented for exports, and is given back', async () => {
    const before = globalThis.fetch;
    const [telemetry, collector] = await start({ propagateTo: [/./] });
    const [second] = await start({ endpoint: collector.url });
    expect(globalThis.fetch).not.toBe(before);
    telemetry.startSpan('a').end();
    second.startSpan('b').end();
    await Promise.all([telemetry.flush(), second.flush()]);
    await Promise.all([telemetry.flush(), second.flush()]);
    expect(collector.spans().map(({ name }) => name).sort()).toEqual(['a', 'b']);
    expect(collector.requests.every(({ headers }) => headers['b3'] === undefined)).toBe(true);
    await second.shutdown();
    await telemetry.shutdown();
    expect(globalThis.fetch).toBe(before);
  });
});

it('URLs are recorded without credentials, fragment and query', () => {
  const options = { serviceName: 'x' };
  const url = new URL('https://me:pw@host:8443/path/x?token=1#frag');
  expect(recordUrl({ options }, url)).toBe('https://host:8443/path/x?REDACTED');
  expect(recordUrl({ options: { ...options, recordQuery: true } }, url)).toBe('https://host:8443/path/x?token=REDACTED');
  const query = (search: string): string => recordUrl({ options: { ...options, recordQuery: true } }, new URL(`https://host/${search}`)).slice(13);
  for (const name of ['sig', 'Signature', 'AWSAccessKeyId', 'X-Goog-Signature', 'x-amz-security-token', 'access_token', 'code', 'API_KEY', 'sessionid', 'to%6ben']) {
    expect(query(`?a=1&${name}=s=e&b=2`)).toBe(`?a=1&${name}=REDACTED&b=2`);
  }
  expect(query('?page=1&q=token&list')).toBe('?page=1&q=token&list');
  expect(recordUrl({ options }, new URL('https://host/'))).toBe('https://host/');
});

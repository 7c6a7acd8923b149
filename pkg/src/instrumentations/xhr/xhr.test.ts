/** On a bare stand-in: the real thing is tested in a real browser, in `tests/e2e`. */
import { beforeEach, expect, it, vi } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { xhr } from './index.js';

const sent: { url: string; headers: Record<string, string> }[] = [];

class Request extends EventTarget {
  readyState = 0;
  status = 0;
  private url = '';
  private headers: Record<string, string> = {};
  open(_method: string, url: string): string {
    this.readyState = 1;
    this.url = url;
    return 'opened';
  }
  setRequestHeader(name: string, value: string): void {
    if (this.readyState !== 1) throw new Error('not opened');
    this.headers[name] = value;
  }
  send(body?: string): void {
    if (body === 'refuse') throw new DOMException('no', 'NetworkError');
    sent.push({ url: this.url, headers: this.headers });
  }
  finish(status: number, problem?: string): void {
    this.status = status;
    if (problem) this.dispatchEvent(new Event(problem));
    this.dispatchEvent(new Event('loadend'));
  }
}

beforeEach(() => {
  sent.length = 0;
  vi.stubGlobal('XMLHttpRequest', class extends Request {});
  vi.stubGlobal('location', { origin: 'https://page.example' });
});

const request = (method: string, url: string, header?: [string, string]): Request => {
  const one = new XMLHttpRequest() as unknown as Request;
  expect(one.open(method, url)).toBe('opened');
  if (header) one.setRequestHeader(...header);
  one.send();
  return one;
};

it('has a span each, and a header where that is allowed', () => {
  const recorder = record(xhr(), { propagateTo: ['https://api.example'] });
  recorder.core.span('click', () => request('get', 'https://page.example/a?x=1')).finish(200);
  request('POST', 'https://api.example/b').finish(404);
  request('GET', 'https://other.example/c').finish(0, 'error');
  request('PURGE', 'https://api.example/d', ['B3', 'mine']).finish(200);
  const [click, a, b, c, d] = recorder.spans;
  expect(a).toMatchObject({ name: 'GET', kind: 3, parentId: click!.spanId, attributes: { 'url.full': 'https://page.example/a?REDACTED', 'http.response.status_code': 200 }, status: 0 });
  expect(b).toMatchObject({ name: 'POST', status: 2, attributes: { 'error.type': '404', 'http.response.status_code': 404 } });
  expect(c).toMatchObject({ status: 2, attributes: { 'error.type': 'error' } });
  expect(d).toMatchObject({ name: 'HTTP', attributes: { 'http.request.method': '_OTHER', 'http.request.method_original': 'PURGE' } });
  expect(sent.map(({ headers }) => headers)).toEqual([{ b3: `${a!.traceId}-${a!.spanId}-1` }, { b3: `${b!.traceId}-${b!.spanId}-1` }, {}, { B3: 'mine' }]);
});

it('leaves alone what it is told to, and throws what was thrown', () => {
  const recorder = record(xhr({ ignoreUrls: ['https://page.example/health'] }));
  request('GET', 'https://page.example/health/1').finish(200);
  const refused = new XMLHttpRequest();
  refused.open('GET', 'https://page.example/x');
  expect(() => refused.send('refuse')).toThrow('no');
  expect(recorder.spans).toMatchObject([{ status: 2, attributes: { 'error.type': 'NetworkError' } }]);
  expect(sent[0]!.headers).toEqual({});
});

it('gives the prototype back', () => {
  const { send } = XMLHttpRequest.prototype;
  const recorder = record(xhr());
  expect(XMLHttpRequest.prototype.send).not.toBe(send);
  recorder.undo();
  expect(XMLHttpRequest.prototype.send).toBe(send);
  request('GET', 'https://page.example/late').finish(200);
  expect(recorder.spans).toEqual([]);
});

// @vitest-environment happy-dom
import { expect, it } from 'vitest';
import { record } from '../../../test/support/recorder.js';
import { csp } from './index.js';

const violate = (blockedURI: string, lineNumber = 1): void => {
  const facts = { effectiveDirective: 'img-src', disposition: 'enforce', sourceFile: 'https://page.example/a.js?v=1', blockedURI, lineNumber };
  document.dispatchEvent(Object.assign(new Event('securitypolicyviolation'), facts));
};

it('records each violation once, without query strings, and no more than it should', () => {
  const recorder = record(csp({ maxViolations: 2 }));
  violate('https://evil.example/x.png?secret=1');
  violate('https://evil.example/x.png?secret=2');
  violate('inline');
  violate('eval');
  expect(recorder.logs).toMatchObject([
    { severity: 13, eventName: 'browser.csp_violation', attributes: { 'browser.csp.directive': 'img-src', 'browser.csp.blocked_url': 'https://evil.example/x.png?REDACTED', 'code.file.path': 'https://page.example/a.js?REDACTED' } },
    { attributes: { 'browser.csp.blocked_url': 'inline' } },
  ]);
  expect(recorder.losses).toHaveLength(1);
});

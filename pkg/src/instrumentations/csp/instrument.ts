/** A log record `browser.csp_violation` for each different one. */
import { listen } from '../../core/hooks.js';
import { parseUrl, recordUrl } from '../../core/url.js';
import type { InstrumentationContext } from '../../types.js';
import type { CspOptions } from './options.js';

export const instrument = (context: InstrumentationContext, { maxViolations = 50 }: CspOptions): (() => void) => {
  const seen = new Set<string>();
  /** What was blocked may be a word, such as `inline`, instead of a URL. */
  const describe = (source: string): string | undefined => {
    const url = /^[a-z-]+:\/\//.test(source) ? parseUrl(source) : undefined;
    return url ? recordUrl(context, url) : source.split(/[?#]/)[0] || undefined;
  };
  return listen<SecurityPolicyViolationEvent>(context, globalThis.document, 'securitypolicyviolation', (event) => {
    const { effectiveDirective, disposition, sourceFile, lineNumber, blockedURI } = event;
    const blocked = describe(blockedURI);
    const key = [effectiveDirective, disposition, blocked, sourceFile, lineNumber].join();
    if (seen.has(key)) return;
    if (seen.size >= maxViolations) return context.rateLimited('logs');
    seen.add(key);
    context.log('warn', `${effectiveDirective} ${disposition === 'report' ? 'would have blocked' : 'has blocked'} ${blocked ?? ''}`, {
      eventName: 'browser.csp_violation',
      attributes: {
        'browser.csp.directive': effectiveDirective,
        'browser.csp.disposition': disposition,
        'browser.csp.blocked_url': blocked,
        'code.file.path': describe(sourceFile),
        'code.line.number': lineNumber || undefined,
      },
    });
  });
};

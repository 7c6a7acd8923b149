/** The resource: what is the same for everything this page view records. */
import type { Attributes, TelemetryOptions } from '../types.js';

/** Replaced by the build. */
declare const __VERSION__: string;
export const VERSION: string = typeof __VERSION__ === 'string' ? __VERSION__ : '0.0.0';
export const SCOPE = '@aetherterm/telemetry';

export const resource = (options: TelemetryOptions): Attributes => {
  // Node has a navigator as well, but it is no browser.
  const navigator = (globalThis.document && globalThis.navigator) as
    | (Navigator & { userAgentData?: { mobile?: boolean; platform?: string } })
    | undefined;
  return {
    'service.name': options.serviceName,
    'service.version': options.serviceVersion,
    'telemetry.sdk.name': 'aetherterm',
    'telemetry.sdk.language': 'webjs',
    'telemetry.sdk.version': VERSION,
    'browser.language': navigator?.language,
    'browser.mobile': navigator?.userAgentData?.mobile,
    'browser.platform': navigator?.userAgentData?.platform,
    'user_agent.original': navigator?.userAgent,
    ...options.resourceAttributes,
  };
};

/** Options from the variables of a Vite build. */
import type { Attributes, TelemetryOptions } from '../types.js';
import { warnOnce } from './warn.js';

/** Variables of `import.meta.env` that are read. */
export interface TelemetryEnv {
  readonly [name: string]: unknown;
}

/** `k=v,k2=v2` with percent-encoded values, as in `OTEL_RESOURCE_ATTRIBUTES`. */
const PAIRS = /^[^=,]+=[^,]*(,[^=,]+=[^,]*)*$/;
const pairs = (text: string): Attributes => Object.fromEntries(new URLSearchParams(text.replace(/\+/g, '%2B').replace(/\s*,\s*/g, '&')));

/**
 * Options from the variables of a build, all of them beginning with `VITE_TELEMETRY_`: `ENABLED`, `ENDPOINT`, `PROTOCOL`, `HEADERS`,
 * `SERVICE_NAME`, `SERVICE_VERSION`, `SAMPLE_RATIO`, `RESOURCE_ATTRIBUTES` (`key=value,key2=value2`), `PROPAGATE_TO`
 * (origins, with commas) and `RECORD_QUERY`. What the code says explicitly wins; of resource attributes, for each key. A
 * value that cannot be used is left out, and that is said once.
 */
export const withEnv = (options: Omit<TelemetryOptions, 'serviceName'> & { serviceName?: string }, env: TelemetryEnv | undefined): TelemetryOptions => {
  const text = (name: string, form = /./, remedy?: string): string | undefined => {
    const value = env?.[(name = 'VITE_TELEMETRY_' + name)];
    if (typeof value !== 'string' || !value) return undefined;
    if (form.test(value)) return value;
    warnOnce(`${name} is "${value}": use ${remedy}`);
    return undefined;
  };
  const flag = (name: string): boolean | undefined => {
    const value = text(name, /^(true|1|yes|on|false|0|no|off)$/i, 'true or false');
    return value === undefined ? value : /^(t|1|y|on)/i.test(value);
  };
  const ratio = text('SAMPLE_RATIO', /^(0?\.\d+|[01](\.0*)?)$/, 'a number from 0 to 1');
  return {
    ...options,
    enabled: options.enabled ?? flag('ENABLED') ?? true,
    endpoint: options.endpoint ?? text('ENDPOINT'),
    protocol: options.protocol ?? text('PROTOCOL', /^http\/(protobuf|json)$/, 'http/protobuf or http/json'),
    headers: options.headers ?? text('HEADERS'),
    serviceName: options.serviceName ?? text('SERVICE_NAME'),
    serviceVersion: options.serviceVersion ?? text('SERVICE_VERSION'),
    sampleRatio: options.sampleRatio ?? (ratio && +ratio),
    recordQuery: options.recordQuery ?? flag('RECORD_QUERY'),
    propagateTo: options.propagateTo ?? text('PROPAGATE_TO')?.split(/[\s,]+/),
    resourceAttributes: { ...pairs(text('RESOURCE_ATTRIBUTES', PAIRS, 'key=value,key2=value2') ?? ''), ...options.resourceAttributes },
  } as TelemetryOptions;
};

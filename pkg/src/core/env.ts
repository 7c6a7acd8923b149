/** Options from the variables of a Vite build. */
import type { TelemetryOptions } from '../types.js';
import { warnOnce } from './warn.js';

/** Variables of `import.meta.env` that are read. */
export interface TelemetryEnv {
  readonly [name: string]: unknown;
}

const flag = (value: unknown): boolean | undefined => {
  if (value === undefined || value === '') return undefined;
  if (/^(true|1|yes|on)$/i.test(String(value))) return true;
  if (/^(false|0|no|off)$/i.test(String(value))) return false;
  warnOnce(`VITE_TELEMETRY_ENABLED is "${String(value)}": use true or false`);
  return undefined;
};

/**
 * Options from `VITE_TELEMETRY_ENABLED`, `VITE_TELEMETRY_ENDPOINT` and `VITE_TELEMETRY_HEADERS`. What the
 * code says explicitly wins.
 */
export const withEnv = (options: TelemetryOptions, env: TelemetryEnv | undefined): TelemetryOptions => {
  const text = (name: string): string | undefined => {
    const value = env?.[name];
    return typeof value === 'string' && value ? value : undefined;
  };
  return {
    ...options,
    enabled: options.enabled ?? flag(env?.['VITE_TELEMETRY_ENABLED']) ?? true,
    endpoint: options.endpoint ?? text('VITE_TELEMETRY_ENDPOINT'),
    headers: options.headers ?? text('VITE_TELEMETRY_HEADERS'),
  } as TelemetryOptions;
};

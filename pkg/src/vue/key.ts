/** What the plugin, the composables and the spans of components share. */
import { type InjectionKey, inject } from 'vue';
import { firstSeen } from '../core/thrown.js';
import type { BaseTelemetry, InstrumentationContext, LogOptions, SpanContext, Telemetry } from '../types.js';
import type { VueTelemetry } from './plugin.js';

/** Under this key the plugin provides itself. */
export const TELEMETRY_KEY: InjectionKey<VueTelemetry<Telemetry>> = Symbol('aetherterm.telemetry');

/** The telemetry of the app that the calling component belongs to; throws where the plugin was not installed. */
export const useTelemetry = (): VueTelemetry<Telemetry> => {
  const telemetry = inject(TELEMETRY_KEY, undefined);
  if (!telemetry) throw new Error('useTelemetry: install the plugin first, with app.use(createTelemetry({ serviceName }))');
  return telemetry;
};

/** Whether there is a page; without one, on a server that renders, nothing is recorded. */
export const inPage = (): boolean => typeof document !== 'undefined';

/** What is known of the page that a plugin is installed in. */
export interface Page {
  /** The guard and the counting of what is too much; none before the plugin was installed. */
  context?: InstrumentationContext;
  /** The navigation whose page is being rendered right now. */
  navigation?: SpanContext | undefined;
}

const pages = /*@__PURE__*/ new WeakMap<BaseTelemetry, Page>();

export const pageOf = (telemetry: BaseTelemetry): Page => {
  let page = pages.get(telemetry);
  if (!page) pages.set(telemetry, (page = {}));
  return page;
};

/** Records something thrown as a log record, unless that was done before, here or by another instrumentation. */
export const recordOnce = (telemetry: BaseTelemetry, thrown: unknown, options: LogOptions): void => {
  if (firstSeen(thrown)) telemetry.recordError(thrown, options);
};

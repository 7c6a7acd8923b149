/** `@aetherterm/telemetry/session`: what belongs to one visit of one person. */
import { all, listen } from '../../core/hooks.js';
import type { Instrumentation } from '../../types.js';
import { ENRICH, decisionOf, stage, toldTo } from '../stages.js';
import type { SessionOptions } from './options.js';
import { type Stored, type Visit, createVisit } from './visit.js';

export type { SessionOptions };

/** What {@link session} returns. */
export interface Session extends Instrumentation {
  /** `session.id` of what is recorded now; `undefined` while telemetry is off. */
  readonly id: string | undefined;
  /** Whether this session is recorded. */
  readonly sampled: boolean;
  /** Ends it, at sign-out for example, and begins the next one. */
  end(): void;
}

/** What a person does. */
const ACTIVITY = ['pointerdown', 'keydown', 'scroll'];

/**
 * `session.id` on every span and log record, and log records `session.start` (with `session.previous_id`) and
 * `session.end` as the semantic conventions have them (<https://opentelemetry.io/docs/specs/semconv/general/session/>).
 * The end is noticed when something happens after it, so a tab that is closed for good has none; its time is when
 * something happened last.
 *
 * @example
 * const visit = session({ sampleRatio: 0.1 });
 * createTelemetry({ serviceName: 'shop', instrumentations: [visit] });
 * visit.end(); // at sign-out
 */
export const session = (options: SessionOptions = {}): Session => {
  let visit: Visit | undefined;
  return {
    name: 'session',
    get id() {
      return visit?.now().id;
    },
    get sampled() {
      return !!visit?.now().sampled;
    },
    end: () => visit?.end(),
    enable(context) {
      const log = (eventName: string, { id, previous, sampled }: Stored, time?: number): void => {
        // Those of a session that is not recorded are none.
        if (options.events === false || !sampled) return;
        const attributes = { 'session.id': id, 'session.previous_id': eventName === 'session.start' ? previous : undefined };
        context.log('info', '', { eventName, attributes, context: null, ...(time! > 0 && { time }) });
      };
      const current = (visit = createVisit(options, {
        ratio: () => toldTo(context).sessionRatio ?? options.sampleRatio ?? 1,
        started: (begun) => log('session.start', begun),
        ended: (over) => log('session.end', over, over.seen),
      }));
      const touch = (): void => void current.now();
      const { gates } = decisionOf(context);
      const isRecorded = (): boolean => current.now().sampled;
      gates.add(isRecorded);
      const undo = [
        stage(context, ENRICH, (item) => {
          const { id, sampled } = current.now();
          item.attributes = { 'session.id': id, ...item.attributes };
          return sampled;
        }),
        ...ACTIVITY.map((type) => listen(context, globalThis.document, type, touch, { capture: true, passive: true })),
        listen(context, globalThis.document, 'visibilitychange', () => (document.visibilityState === 'hidden' ? current.write() : touch())),
        listen(context, globalThis as unknown as EventTarget, 'pagehide', () => current.write()),
      ];
      touch();
      return all(...undo, () => {
        gates.delete(isRecorded);
        current.write();
        visit = undefined;
      });
    },
  };
};

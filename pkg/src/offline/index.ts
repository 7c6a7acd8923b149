/** `@aetherterm/telemetry/offline`: what could not be sent is kept in IndexedDB, and sent by a later page. */
import type { Instrumentation } from '../types.js';
import { attach } from './attach.js';
import type { OfflineOptions } from './options.js';

export type { OfflineOptions };

/**
 * Keeps what cannot be sent now: while the browser is offline or the backend fails, what is recorded faster than
 * it leaves, and what exceeds the budget of a page that is closed. It is sent when that is possible again, by
 * whichever page of this origin.
 *
 * @example
 * createTelemetry({ serviceName: 'shop', instrumentations: [offlineStore()] });
 */
export const offlineStore = (options: OfflineOptions = {}): Instrumentation => attach(options, () => import('./keeper.js'));

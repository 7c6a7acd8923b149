/**
 * Where finished records go: into the engine once it is there. Until then they wait here, bounded.
 *
 * The engine (encoding, queue, delivery) is a chunk of its own together with the WebAssembly module, so that
 * a page's first paint waits for neither.
 */
import type { DropReason, TelemetryOptions, TelemetryStats } from '../types.js';
import type { Engine } from './engine.js';
import { type AnyRecord, MEASUREMENT } from './records.js';
import { warnOnce } from './warn.js';

/** Records kept while the engine loads; the newest beyond it are dropped and counted. */
const MAX_WAITING = 2000;

export class Client {
  readonly ready: Promise<boolean>;
  state: TelemetryStats['state'];
  loaded: Engine | undefined;
  private waiting: AnyRecord[] = [];
  private notLoaded = 0;

  constructor(options: TelemetryOptions) {
    const enabled = options.enabled !== false;
    this.state = enabled ? 'loading' : 'disabled';
    this.ready = enabled
      ? import('./engine.js').then((module) => module.start(options, this.fail)).then(this.start, this.fail)
      : Promise.resolve(false);
  }

  /** Takes a record, and a second one that belongs to it at no extra cost. `control/stages.ts` puts itself in front. */
  record(record: AnyRecord, second?: AnyRecord): void {
    if (this.loaded) this.loaded.record(record, second);
    else if (this.state === 'loading') {
      if (this.waiting.length < MAX_WAITING) this.waiting.push(record);
      else this.notLoaded++;
      if (second) this.record(second);
    } else if (this.state === 'off' && record.record < MEASUREMENT) {
      this.notLoaded++;
    }
  }

  async flush(): Promise<void> {
    if (this.state === 'loading') await this.ready;
    await this.loaded?.flush();
  }

  async close(): Promise<void> {
    await this.flush();
    this.loaded?.close();
    if (this.state === 'ready') this.state = 'closed';
  }

  stats(): TelemetryStats {
    const dropped: Partial<Record<DropReason, number>> = this.notLoaded ? { not_loaded: this.notLoaded } : {};
    const stats: TelemetryStats = {
      state: this.state,
      queued: this.waiting.length,
      queuedBytes: 0,
      exported: { traces: 0, logs: 0, metrics: 0 },
      dropped,
    };
    this.loaded?.count(stats);
    return stats;
  }

  private readonly start = (engine: Engine): boolean => {
    this.state = 'ready';
    this.loaded = engine;
    for (const record of this.waiting.splice(0)) engine.record(record);
    return this.state === 'ready';
  };

  /** The engine cannot be used, or not any more; without an error, somebody else says why. */
  readonly fail = (error: unknown): boolean => {
    if (this.state !== 'off') {
      this.state = 'off';
      this.notLoaded += this.waiting.splice(0).length;
      this.loaded?.close();
      this.loaded = undefined;
      // Some have been explained where they were found.
      if (error) {
        warnOnce(
          `telemetry is off: ${String((error as Error).message ?? error)}. ` +
            "Is aether_client.wasm served, and 'wasm-unsafe-eval' allowed?",
        );
      }
    }
    return false;
  };
}

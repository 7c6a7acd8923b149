/**
 * Where finished records go: they wait here, bounded, until the engine is there and the page has a moment to spare.
 *
 * The engine (encoding, queue, delivery) is a chunk of its own, the WebAssembly module in it, so that a page's first paint
 * does not wait for it.
 */
import type { DropReason, TelemetryOptions, TelemetryStats } from '../types.js';
import type { Engine } from './engine.js';
import { type AnyRecord, MEASUREMENT } from './records.js';
import { warnOnce } from './warn.js';

/** Records that wait to be encoded. Beyond it they are encoded at once, or dropped and counted if there is no engine yet. */
const MAX_WAITING = 12_000;
/** Closing takes no longer than this, whatever does not answer. */
const CLOSING_MS = 15_000;

/** Loads the engine, with whatever else is in the same chunk. */
export type LoadEngine = () => Promise<{ start(options: TelemetryOptions, client: Client): Promise<Engine> }>;

export class Client {
  readonly ready: Promise<boolean>;
  state: TelemetryStats['state'];
  loaded: Engine | undefined;
  readonly unencoded: AnyRecord[] = [];
  /** Lost for want of an engine. */
  notLoaded = 0;

  constructor(options: TelemetryOptions, load: LoadEngine) {
    const enabled = options.enabled !== false;
    this.state = enabled ? 'loading' : 'disabled';
    // Asked for when the page's own code has run: what it does next comes first.
    this.ready = enabled
      ? Promise.resolve().then(load).then(({ start }) => start(options, this)).then(this.start, this.fail)
      : Promise.resolve(false);
  }

  /** Takes a record, and a second one that belongs to it. `control/stages.ts` puts itself in front. */
  record(record: AnyRecord, second?: AnyRecord): void {
    const { loaded, state, unencoded } = this;
    const room = unencoded.length < MAX_WAITING;
    // What is only added up costs little.
    if (loaded && !(room && record.record < MEASUREMENT)) loaded.record(record);
    else if (room && (loaded || state === 'loading')) {
      if (unencoded.push(record) < 2) loaded?.wake();
    } else if (state !== 'disabled' && record.record < MEASUREMENT) this.notLoaded++;
    if (second) this.record(second);
  }

  async flush(): Promise<void> {
    if (this.state === 'loading') await this.ready;
    await this.loaded?.flush();
  }

  async close(): Promise<void> {
    let timer;
    await Promise.race([this.flush(), new Promise((resolve) => (timer = setTimeout(resolve, CLOSING_MS)))]);
    clearTimeout(timer);
    if (this.state === 'ready') {
      this.state = 'closed';
      this.loaded!.close();
      // Not loaded by now: it need not come any more.
    } else if (this.state === 'loading') this.fail();
  }

  stats(): TelemetryStats {
    const dropped: Partial<Record<DropReason, number>> = this.notLoaded ? { not_loaded: this.notLoaded } : {};
    const stats: TelemetryStats = {
      state: this.state,
      queued: this.unencoded.length,
      queuedBytes: 0,
      exported: { traces: 0, logs: 0, metrics: 0 },
      dropped,
    };
    this.loaded?.count(stats);
    return stats;
  }

  private readonly start = (engine: Engine): boolean => {
    if (this.state !== 'loading') engine.close();
    else {
      this.state = 'ready';
      this.loaded = engine;
      engine.wake();
    }
    return this.state === 'ready';
  };

  /** The engine cannot be used, or not any more; without an error, somebody else says why. */
  readonly fail = (error?: unknown): boolean => {
    if (this.state !== 'off') {
      this.state = 'off';
      this.notLoaded += this.unencoded.splice(0).length;
      this.loaded?.close();
      this.loaded = undefined;
      // Some have been explained where they were found.
      if (error) {
        warnOnce(
          `telemetry is off: ${String((error as Error).message ?? error)}. ` +
            "Is 'wasm-unsafe-eval' allowed?",
        );
      }
    }
    return false;
  };
}

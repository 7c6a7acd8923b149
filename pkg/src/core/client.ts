/**
 * The client: takes finished records at any time. Before the module is ready they wait here, bounded;
 * afterwards each goes into the module with one call.
 */
import type { Attributes, DropReason, TelemetryStats, WasmSource } from '../types.js';
import { now } from './clock.js';
import type { Ids } from './ids.js';
import { type Module, loadModule } from './module.js';
import { type AnyRecord, FrameWriter, LOSS, MEASUREMENT } from './records.js';
import { errorType } from './thrown.js';
import { type Request, type Source, Transport } from './transport.js';
import { warnOnce } from './warn.js';

/** Sizes of the module's buffers, as in `bindings.rs`. */
const TEXT_BYTES = 96 * 1024 + 512;
const NUMBERS = 4096;
/** Records kept while the module loads; the newest beyond it are dropped and counted. */
const MAX_WAITING = 2000;
/** The module's reasons, by position. */
const REASONS: readonly DropReason[] = [
  'queue_full',
  'too_large',
  'malformed',
  'refused',
  'retries_exhausted',
  'rejected',
  'rate_limited',
];
/** Losses on this side that the module does not know of. */
const RATE_LIMITED = 6;

export interface ClientSettings {
  wasm: WasmSource | undefined;
  urls: readonly string[];
  headers: Record<string, string>;
  fetch: typeof globalThis.fetch;
  sampleRatio: number;
  maxQueueBytes: number;
  scheduledDelayMs: number;
  metricsIntervalMs: number;
  scopeName: string;
  scopeVersion: string;
  resource: Attributes;
}

export class Client implements Source {
  readonly ready: Promise<boolean>;
  state: TelemetryStats['state'] = 'loading';
  module!: Module;
  private waiting: AnyRecord[] = [];
  private notLoaded = 0;
  private transport: Transport | undefined;
  private writer!: FrameWriter;
  private text!: Uint8Array<ArrayBuffer>;
  private readonly encoder = new TextEncoder();

  constructor(
    private readonly settings: ClientSettings,
    private readonly ids: Ids,
  ) {
    this.ready = loadModule(settings.wasm, settings.fetch).then(
      (module) => this.start(module),
      (error: unknown) => this.fail(error),
    );
  }

  /** Takes a record, and a second one that belongs to it at no extra cost. */
  record(record: AnyRecord, second?: AnyRecord): void {
    if (this.state === 'ready') {
      try {
        const { writer } = this;
        writer.reset();
        writer.record(record);
        if (second) {
          if (writer.full) this.hand();
          writer.record(second);
        }
        this.transport!.arm(this.hand());
      } catch (error) {
        this.fail(error);
      }
    } else if (this.state === 'loading') {
      for (const one of second ? [record, second] : [record]) {
        if (this.waiting.length < MAX_WAITING) this.waiting.push(one);
        else this.notLoaded++;
      }
    } else if (this.state === 'off' && record.record < MEASUREMENT) {
      this.notLoaded++;
    }
  }

  /** Counts a trace that was not begun because its event's rate limit was exceeded. */
  rateLimited(): void {
    this.record({ record: LOSS, signal: 0, reason: RATE_LIMITED, count: 1 });
  }

  async flush(): Promise<void> {
    if (this.state === 'loading') await this.ready;
    await this.transport?.flush();
  }

  async close(): Promise<void> {
    await this.flush();
    this.transport?.close();
    this.ids.use(undefined);
    if (this.state !== 'off') this.state = 'closed';
  }

  stats(): TelemetryStats {
    const stats: TelemetryStats = {
      state: this.state,
      queued: this.waiting.length,
      queuedBytes: 0,
      exported: { traces: 0, logs: 0, metrics: 0 },
      dropped: {},
    };
    if (this.notLoaded) stats.dropped.not_loaded = this.notLoaded;
    this.guard(() => {
      if (!this.transport) return;
      this.module.counters();
      this.view();
      const numbers = this.writer.numbers;
      stats.queuedBytes = numbers[0]!;
      stats.queued += numbers[1]!;
      let at = 2;
      for (const signal of ['traces', 'logs', 'metrics'] as const) {
        stats.exported[signal] = numbers[at++]!;
        for (const reason of REASONS) {
          const count = numbers[at++]!;
          if (count) stats.dropped[reason] = (stats.dropped[reason] ?? 0) + count;
        }
      }
    });
    return stats;
  }

  take(mode: number): Request | undefined {
    return this.guard(() => {
      const id = this.module.take(mode, now());
      if (!id) return undefined;
      this.view();
      const [address, length, signal] = this.writer.numbers as unknown as [number, number, number];
      return { id, signal, body: new Uint8Array(this.module.memory.buffer as ArrayBuffer, address, length).slice() };
    });
  }

  answered(id: number, status: number, retryAfterMs: number, body: Uint8Array): void {
    this.guard(() => {
      this.view();
      this.text.set(body);
      this.module.answered(id, status, retryAfterMs, body.length, now());
    });
  }

  private start(module: Module): boolean {
    const { settings } = this;
    try {
      this.module = module;
      this.view();
      const { writer } = this;
      writer.number(now());
      for (const word of crypto.getRandomValues(new Uint32Array(8))) writer.number(word);
      for (const setting of [
        settings.sampleRatio,
        settings.maxQueueBytes,
        settings.scheduledDelayMs,
        settings.metricsIntervalMs,
      ]) {
        writer.number(setting);
      }
      writer.string(settings.scopeName);
      writer.string(settings.scopeVersion);
      writer.attributes(settings.resource);
      const [bytes, units, numbers] = this.put();
      if (!module.configure(bytes, units, numbers)) throw new Error('it does not fit this version of the package');
    } catch (error) {
      return this.fail(error);
    }
    this.state = 'ready';
    this.transport = new Transport(this, settings.urls, settings.headers, settings.fetch);
    this.ids.use((traces) => {
      const block = this.guard(() => {
        const length = module.ids(+traces);
        this.view();
        return new TextDecoder().decode(this.text.subarray(0, length));
      });
      return block ?? '';
    });
    const { waiting } = this;
    this.waiting = [];
    for (const record of waiting) this.record(record);
    return true;
  }

  private fail(error: unknown): boolean {
    if (this.state === 'off') return false;
    this.state = 'off';
    this.notLoaded += this.waiting.length;
    this.waiting = [];
    this.ids.use(undefined);
    this.transport?.close();
    const reason = error instanceof Error ? error.message : errorType(error);
    warnOnce(
      `telemetry is off, the page works on: the WebAssembly module could not be used (${reason}). ` +
        "Check that aether_client.wasm is served beside the script and that the content security policy allows 'wasm-unsafe-eval'.",
    );
    return false;
  }

  /** Runs something that calls into the module; if that traps, telemetry goes off and the page goes on. */
  private guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** Renews the views after the module's memory has grown, which detaches them. */
  private view(): void {
    if (this.text?.length) return;
    const { module } = this;
    const text = module.text_address();
    const numbers = module.numbers_address();
    const buffer = module.memory.buffer as ArrayBuffer;
    this.text = new Uint8Array(buffer, text, TEXT_BYTES);
    const view = new Float64Array(buffer, numbers, NUMBERS);
    if (this.writer) this.writer.numbers = view;
    else this.writer = new FrameWriter(view);
  }

  private put(): [bytes: number, units: number, numbers: number] {
    const { text, length } = this.writer;
    const { written } = this.encoder.encodeInto(text, this.text);
    return [written, text.length, length];
  }

  /** Hands the frame over and begins an empty one; returns when the transport is wanted. */
  private hand(): number {
    const [bytes, units, numbers] = this.put();
    const wake = this.module.record(bytes, units, numbers, now());
    this.view();
    this.writer.reset();
    return wake;
  }
}

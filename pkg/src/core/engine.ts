/** The part that is loaded later: from finished records to the WebAssembly module, and from there to the network. */
import type { DropReason, TelemetryOptions, TelemetryStats } from '../types.js';
import type { Client } from './client.js';
import { now, tick } from './clock.js';
import { originalFetch } from './fetch.js';
import { FrameWriter } from './frame.js';
import type { Metrics } from './metrics.js';
import { type Module, loadModule } from './module.js';
import { clamp, endpoints } from './options.js';
import { type AnyRecord, LOSS, MALFORMED, MEASUREMENT, type Measurement, type Source } from './records.js';
import { SCOPE, VERSION, resource } from './resource.js';
import { DUE, type Request, Transport } from './transport.js';

/** Sizes of the module's buffers, as in `bindings.rs`. */
const TEXT_BYTES = 96 * 1024 + 512;
const NUMBERS = 4096;
/** The module's first number of a frame with settings. */
const SETTINGS = 4;
/** The module's reasons, by position. */
const SIGNALS = ['traces', 'logs', 'metrics'] as const;
export type Signal = (typeof SIGNALS)[number];
const REASONS: readonly DropReason[] = [
  'queue_full',
  'too_large',
  'malformed',
  'refused',
  'retries_exhausted',
  'rejected',
  'rate_limited',
];
/** Measurements kept until they can be added up. */
const MAX_UNMEASURED = 1000;
/** How long encoding may take at a time, in milliseconds. */
const SLICE_MS = 5;
/** How long a page may be busy all the time before it is asked for some of it, in milliseconds. */
const PATIENCE_MS = 500;

/** A page that has exported so many of one signal may record much. */
const MUCH = 500;

/** Loads what adds up measurements, and what sees to it if there is much. */
export type LoadRare = () => Promise<typeof import('./rare.js')>;

/** Loads the module and hands it the settings; rejects with the reason why that is not possible. */
export const startEngine = async (options: TelemetryOptions, client: Client, rare: LoadRare): Promise<Engine> => {
  const urls = endpoints(options.endpoint);
  // Has been explained.
  if (!urls) throw undefined;
  const { headers = {}, wasm, protocol } = options;
  const fetch = originalFetch();
  const parsed = typeof headers === 'string' ? (await import('./headers.js')).parseHeaders(headers) : headers;
  const engine = new Engine(await loadModule(wasm), options, urls, parsed, fetch, client, rare);
  return protocol === 'http/json' ? (await import('./json.js')).speakJson(engine) : engine;
};

export class Engine extends Transport {
  readonly writer = new FrameWriter();
  private readonly encoder = new TextEncoder();
  private metrics: Metrics | undefined;
  /** Measurements that wait for the code which adds them up; a page that measures nothing never loads it. */
  private unmeasured: (Measurement | Source)[] = [];
  private loading: Promise<void> | undefined;
  private text!: Uint8Array<ArrayBuffer>;

  constructor(
    readonly module: Module,
    readonly options: TelemetryOptions,
    urls: readonly string[],
    headers: Record<string, string>,
    fetch: typeof globalThis.fetch,
    readonly client: Client,
    private readonly getRare: LoadRare,
  ) {
    super(urls, headers, fetch);
    this.view();
    this.settings(this.writer);
    this.hand();
  }

  /** Writes the frame that a module gets first. */
  settings(writer: FrameWriter): void {
    const { options } = this;
    writer.put(
      SETTINGS,
      clamp(options.maxQueueBytes, 1 << 20, 64 << 10, 64 << 20),
      clamp(options.scheduledDelayMs, 2000, 0, 600_000),
      SCOPE,
      VERSION,
    );
    writer.attributes(resource(options));
  }

  record(record: AnyRecord): void {
    this.guard(() => {
      if (record.record === MEASUREMENT) this.measure(record);
      else this.writer.record(record);
      this.arm(this.hand());
    });
  }

  /** Something waits to be encoded: does that when the page is idle. */
  wake(): void {
    const slice = (): void => {
      this.encodeSome();
      if (this.client.unencoded.length) this.wake();
    };
    // Safari cannot tell; a timer takes the options for no delay.
    (globalThis.requestIdleCallback ?? setTimeout)(slice, { timeout: PATIENCE_MS } as IdleRequestOptions & number);
  }

  /**
   * Encodes what waits, for a few milliseconds. Requests that are due come first, so that a burst leaves as it is
   * encoded and does not push out what waits in the module. `final` is for how long where there will be no other time.
   */
  encodeSome(final?: number): void {
    const { unencoded } = this.client;
    for (let until = tick() + (final || SLICE_MS); unencoded.length && (final || !this.busy) && tick() < until; ) this.record(unencoded.shift()!);
  }

  override async flush(): Promise<void> {
    let more;
    do {
      this.encodeSome();
      more = this.client.unencoded.length;
      await this.loading;
      await super.flush();
    } while (more && (await new Promise((resolve) => setTimeout(resolve, 1, true))));
  }

  /** Adds what the module has counted. */
  count(stats: TelemetryStats): void {
    this.guard(() => {
      this.counters((signal, reason, count) => {
        if (!reason) stats.exported[signal] = count;
        else if (count) stats.dropped[reason] = (stats.dropped[reason] ?? 0) + count;
      });
      const { numbers } = this.writer;
      stats.queuedBytes = numbers[0]!;
      stats.queued += numbers[1]! + this.unmeasured.length + (this.metrics?.size ?? 0);
    });
  }

  /** Calls `each` with every counter of the module: exported ones have no reason. */
  counters(each: (signal: Signal, reason: DropReason | undefined, count: number) => unknown): void {
    this.module.counters();
    this.view();
    let at = 2;
    for (const signal of SIGNALS) {
      for (const reason of [undefined, ...REASONS]) each(signal, reason, this.writer.numbers[at++]!);
    }
  }

  take(mode: number, limit: number): Request | undefined {
    return this.guard(() => {
      const { metrics } = this;
      if (metrics && (mode !== DUE || metrics.due <= now())) metrics.collect(this);
      const id = this.module.take(mode, limit, now());
      if (!id) return undefined;
      this.view();
      const [address, length, signal, items] = this.writer.numbers as unknown as [number, number, number, number];
      const request = { id, signal, items, body: new Uint8Array(this.module.memory.buffer as ArrayBuffer, address, length).slice() };
      this.flying.add(request);
      return request;
    });
  }

  private measure(measurement: Measurement | Source): void {
    const { metrics, unmeasured } = this;
    const taken = metrics ? metrics.add(measurement) : unmeasured.length < MAX_UNMEASURED && unmeasured.push(measurement);
    if (!taken) this.writer.put(LOSS, 2, MALFORMED, 1);
    this.loadRare();
  }

  /** Wanted once something is measured, or was lost, as losses are metrics, too; or if there is much. */
  loadRare(): void {
    this.loading ??= this.getRare().then(
      ({ assist }) => {
        this.metrics = assist(this);
        for (const one of this.unmeasured.splice(0)) this.measure(one);
        this.arm(this.hand());
      },
      // Nothing else depends on it; measurements wait, and it is tried again with the next.
      () => {
        this.loading = undefined;
      },
    );
  }

  /** Wakes the transport up when the module wants it, or when it is time for metrics. */
  override arm(at: number): void {
    super.arm(Math.min(at, this.metrics?.due ?? Infinity));
  }

  answered(id: number, status: number, retryAfterMs: number, body: Uint8Array): number {
    return this.guard(() => {
      this.text.set(body);
      const due = this.module.answered(id, status, retryAfterMs, Math.random(), body.length, now());
      this.view();
      // A good time to see whether something was lost, or there is much.
      if (!this.loading) this.counters((_signal, reason, count) => count > (reason ? 0 : MUCH) && this.loadRare());
      return due;
    }) ?? Infinity;
  }

  /** Runs something that calls into the module; if that traps, telemetry goes off and the page goes on. */
  private guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      this.client.fail(error);
      return undefined;
    }
  }

  /** Renews the views after the module's memory has grown, which detaches them. */
  private view(): void {
    if (this.text?.length) return;
    const { module } = this;
    const buffer = module.memory.buffer as ArrayBuffer;
    const address = module.buffers();
    this.writer.numbers = new Float64Array(buffer, address, NUMBERS);
    this.text = new Uint8Array(buffer, address + NUMBERS * 8, TEXT_BYTES);
  }

  /** Hands the frame over and begins an empty one; returns when the transport is wanted. */
  hand(): number {
    const { writer } = this;
    const { text, length } = writer;
    const { written } = this.encoder.encodeInto(text, this.text);
    const due = this.module.record(written, text.length, length, now());
    this.view();
    writer.reset();
    return due;
  }
}

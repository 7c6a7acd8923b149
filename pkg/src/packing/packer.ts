/**
 * Spans of a page that records many: a worker encodes and compresses them, the page only writes them down and sends.
 *
 * The page keeps the deciding part. What was handed over stays here until a backend has answered for it, so nothing depends on
 * the worker: what it has not given back when the page is left, what could not be sent, and everything once it fails goes
 * through the engine, as if there had never been a worker, and so to the retries and the offline store that are there.
 * A worker's own requests end with the page in most browsers, so it makes only those that the page's own would be no better
 * for: what exceeds the budget of requests that outlive a page.
 *
 * Firefox ends whatever script is running when the last tab of a site is closed, in the middle of a listener and without an
 * exception, and goes on with the next listener. So what the last moment takes milliseconds for is written such that it goes
 * on where it has stopped: `Returns` and `Last` know how far it is.
 */
import type { Engine } from '../core/engine.js';
import { tick } from '../core/clock.js';
import type { FrameWriter } from '../core/frame.js';
import { later } from '../core/later.js';
import { SPAN, type SpanRecord } from '../core/records.js';
import type { TelemetryStats } from '../types.js';
import { Helper } from './helper.js';
import { Last } from './last.js';
import { type Lot, LotWriter } from './lot.js';
import type { Beginning, Outcome, Packed } from './messages.js';
import { packNow } from './now.js';
import { KEEPALIVE_BYTES, MALFORMED, Outbox, TOO_LARGE } from './outbox.js';
import { Returns } from './returns.js';

/** So many spans within so many milliseconds are worth another worker, after one was given up. */
const MANY = 512;
const MANY_MS = 1000;
/** A worker without work for so long is given up. */
const IDLE_MS = 5000;
/** How long the engine sends alone after something could not be sent, unless the backend asks for more. */
const PAUSE_MS = 5000;
const MAX_PAUSE_MS = 300_000;
/** Nor is a request ended more often than that, whatever the page asks for: nothing else bounds how many there are. */
const LEAST_DELAY_MS = 100;
/** Most bytes of lots, whatever the queue may hold: taking them back must not take long. */
const MOST_HELD = 1 << 20;
/** Numbers of one span that is written by the engine's writer; it needs the half of that. */
const ROOM = 8192;

class Packer {
  private readonly writer: LotWriter;
  /** Of every module that there will be. */
  private readonly beginning: Pick<Beginning, 'module' | 'text' | 'numbers'>;
  private readonly outbox: Outbox;
  private helper: Helper | undefined;
  /** Spans are for the worker. */
  private on = false;
  /** There can be no worker. */
  private ended = false;
  /** Something could not be sent; the engine sees to everything until then. */
  private pausedUntil = 0;
  /** The page is left. One that the browser keeps may be given up later, without hearing of it. */
  private left = false;
  /** Bytes of all lots that are closed. */
  private held = 0;
  private readonly limit: number;
  private readonly delay: number;
  /** So many spans since then were not for a worker. */
  private since = 0;
  private count = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private waiting: (() => void)[] = [];
  /** What has come back, on its way to the engine. */
  private readonly returns: Returns;
  /** What the engine has, as the page is left. */
  private readonly last: Last;
  private readonly abort = new AbortController();

  constructor(private readonly engine: Engine) {
    const Writer = engine.writer.constructor as new () => FrameWriter;
    const own = new Writer();
    own.numbers = new Float64Array(ROOM);
    engine.settings(own);
    const numbers = own.numbers.slice(0, own.length);
    const [, limit, delay] = numbers as unknown as [number, number, number];
    // What is bounded is bounded here.
    numbers[1] = 64 << 20;
    this.beginning = { module: engine.module.compiled, text: own.text, numbers };
    this.writer = new LotWriter(own);
    this.outbox = new Outbox(engine, (lots, failure) => this.settled(lots, failure));
    this.returns = new Returns(engine);
    this.last = new Last(engine, this.outbox);
    this.limit = Math.min(limit, MOST_HELD);
    this.delay = Math.max(delay, LEAST_DELAY_MS);
    this.takePlaces();
    if (this.useful) this.guard(() => this.begin());
  }

  /** Those that it has from now on, for as long as there is an engine. */
  private takePlaces(): void {
    const { engine } = this;
    const { client, encodeSome, flush, answered, count, counters, close } = engine;
    const { unencoded } = client;
    const { push } = unencoded;
    unencoded.push = (one) => {
      // Two need nobody to be woken.
      if (one.record === SPAN && (this.on || this.isMany()) && this.collect(one)) return 2;
      return push.call(unencoded, one);
    };
    engine.encodeSome = (final) => {
      if (final) {
        this.gather();
        this.leave();
        this.returns.goOn();
        this.check();
      }
      encodeSome.call(engine, final);
      if (final && !this.leavesLater) this.last.send();
    };
    engine.flush = async () => {
      await this.drain();
      await flush.call(engine);
    };
    engine.answered = (...given) => {
      const due = answered.apply(engine, given);
      // Its room is free now.
      this.outbox.send();
      return due;
    };
    engine.counters = (each) =>
      counters.call(engine, (signal, reason, count) => each(signal, reason, count + (reason || signal !== 'traces' ? 0 : this.outbox.exported)));
    engine.count = (stats: TelemetryStats) => {
      count.call(engine, stats);
      stats.queued += this.lots.reduce((sum, { spans }) => sum + spans, this.writer.spans + this.returns.spans);
      stats.queuedBytes += this.held;
    };
    engine.close = () => {
      // Nobody sees to it any more, but it is still there.
      this.gather();
      this.dismiss();
      this.ended = true;
      this.abort.abort();
      close.call(engine);
    };
    // Before anybody else hears of it.
    const { signal } = this.abort;
    globalThis.addEventListener?.('pagehide', () => (this.left = true), { capture: true, signal });
    const back = ({ persisted }: PageTransitionEvent): void => {
      this.left = false;
      // Else it is only now that the page is complete.
      if (persisted) this.guard(() => this.outbox.restored());
    };
    globalThis.addEventListener?.('pageshow', back, { capture: true, signal });
  }

  /** Whether a worker is any good now. */
  private get useful(): boolean {
    return !this.ended && tick() >= this.pausedUntil && this.held < this.limit && globalThis.navigator?.onLine !== false;
  }

  /** While spans are not for a worker: whether they are from now on. */
  private isMany(): boolean {
    const at = performance.now();
    if (!this.count) this.since = at;
    if (++this.count < MANY) return false;
    this.count = 0;
    if (at - this.since < MANY_MS && this.useful) this.guard(() => this.begin());
    return this.on;
  }

  /** Puts a worker to work. Throws where there can be none. */
  private begin(): void {
    const { engine } = this;
    if (!this.helper) {
      this.helper = new Helper(
        { ...this.beginning, url: engine.urls[0]!, headers: engine.headers },
        {
          packed: (packed, lots) => this.guard(() => this.receive(packed, lots)),
          answered: (outcome) => this.guard(() => this.outbox.answer(outcome)),
          failed: () => this.end(),
        },
      );
    }
    this.on = true;
    this.check();
  }

  /** Ours must not fail the page; should it, the engine has everything. */
  private guard<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch {
      this.end();
      return undefined;
    }
  }

  private get lots(): Lot[] {
    return [...(this.helper?.lots ?? []), ...this.outbox.lots];
  }

  /** Writes a span down; whether that was possible. */
  private collect(span: SpanRecord): boolean {
    const { writer } = this;
    try {
      writer.add(span);
      // So long may a request grow.
      this.timer ??= setTimeout(() => this.guard(() => this.finish()), this.delay);
      if (writer.enough) this.guard(() => this.hand());
      return true;
    } catch {
      this.end();
      return false;
    }
  }

  /** Hands over what has been collected. */
  private hand(end?: boolean): void {
    const lot = this.writer.close();
    this.held += lot.bytes;
    // Half of what may be kept: the other half is for what comes while this is on its way.
    this.helper!.pack(lot, end || this.held > this.limit / 2);
    this.on = this.useful;
  }

  /** The oldest has waited for long enough: the request ends with what there is. */
  private finish(): void {
    const { helper, writer } = this;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!helper) return;
    this.on = this.useful;
    if (!this.on) this.takeBack();
    else if (writer.spans || helper.lots.length) this.hand(true);
  }

  private receive({ from, body, items, tooLarge }: Packed, lots: Lot[]): void {
    const { outbox } = this;
    // Taken back meanwhile.
    if (!lots.length) return;
    this.lose(lots, items, tooLarge);
    if (!body) {
      outbox.watch(from, { lots, items });
      this.helper!.send(from);
    } else if (items) outbox.add(body, { lots, items });
    else this.settled(lots);
  }

  /** Counts what is not among the `items` that have become of these. */
  private lose(lots: readonly Lot[], items: number, tooLarge: number): void {
    this.outbox.lose(TOO_LARGE, tooLarge);
    this.outbox.lose(MALFORMED, lots.reduce((sum, { spans }) => sum + spans, -items - tooLarge));
  }

  /** These need not be kept any more, or are the engine's now. */
  private settled(lots: readonly Lot[], failure?: Outcome): void {
    for (const { bytes } of lots) this.held -= bytes;
    if (failure) {
      this.pausedUntil = Math.max(this.pausedUntil, tick() + Math.max(PAUSE_MS, Math.min(failure.pause, MAX_PAUSE_MS)));
      this.returns.back.push(...lots);
      this.returns.goOn(failure);
      this.takeBack();
    }
    this.on = !!this.helper && this.useful;
    this.check();
  }

  /** Gives everything that is not on its way to the engine. */
  private takeBack(): void {
    this.gather();
    this.returns.goOn();
    this.check();
  }

  /** Has everything that is not on its way come back. */
  private gather(): void {
    const { writer, outbox, helper } = this;
    const { back } = this.returns;
    this.on = false;
    const known = back.length;
    back.push(...outbox.take());
    helper?.takeBack(back);
    // A store keeps what may be cut off; without one that would only be sent twice.
    if (this.left && this.hasStore) back.push(...outbox.take(1));
    for (const { bytes } of back.slice(known)) this.held -= bytes;
    if (writer.spans) back.push(writer.close());
  }

  /**
   * The page may be gone in a moment: sends what has come back, as much of it as fits once it is compressed, which is ten times as
   * much as without, and in one request, because browsers have a limit for these, too. The offline store decides for itself
   * what is sent, and keeps the rest.
   */
  private leave(): void {
    const { engine, outbox } = this;
    const { back, begun } = this.returns;
    // A part of the first lot is the engine's already.
    if (begun || this.leavesLater) return;
    const packed = this.guard(() => packNow(this.beginning, back, KEEPALIVE_BYTES - engine.reserved));
    if (!packed) return;
    const { lots, body, items, tooLarge } = packed;
    for (const { bytes } of lots) this.held += bytes;
    back.splice(0, lots.length);
    if (items) outbox.add(body, { lots, items });
    else this.settled(lots);
    this.lose(lots, items, tooLarge);
  }

  /** An offline store takes the engine's place at the end. */
  private get hasStore(): boolean {
    const { engine } = this;
    // Its name is in no string, as the build shortens it.
    return engine.sendFinal !== engine.constructor.prototype.sendFinal;
  }

  /** Nothing can be sent, or a store sees to it. */
  private get leavesLater(): boolean {
    return globalThis.navigator?.onLine === false || this.hasStore;
  }

  /** Something has been settled, or may never come: tells who waits for it, and gives a worker up that nobody needs. */
  private check(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
    clearTimeout(this.idle);
    if (this.helper) {
      this.idle = later(IDLE_MS, () => {
        if (!this.writer.spans && !this.lots.length) this.dismiss();
      });
    }
  }

  /** Resolves when everything there is now is answered for, or with the engine. */
  private async drain(): Promise<void> {
    this.guard(() => this.finish());
    const now = new Set(this.lots);
    while (this.lots.some((lot) => now.has(lot))) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** It goes on without a worker. */
  private end(): void {
    if (this.ended) return;
    this.ended = true;
    // Whatever became of these, it will not be said any more; as after a broken connection they are sent again.
    const sending = this.outbox.take(1);
    for (const { bytes } of sending) this.held -= bytes;
    this.returns.back.push(...sending);
    this.takeBack();
    this.dismiss();
  }

  private dismiss(): void {
    this.on = false;
    clearTimeout(this.timer);
    clearTimeout(this.idle);
    this.timer = undefined;
    this.helper?.stop();
    this.helper = undefined;
  }
}

/** Has a page's spans packed, now and whenever they are many; to be called once. It makes protobuf only. */
export const pack = (engine: Engine): void => {
  if (engine.client.state === 'ready' && !engine.coding) new Packer(engine);
};

/**
 * Export: moving requests from the module to the network and answers back. What to send, when, and what an
 * answer means is decided in the module; here are `fetch`, gzip, the timer and the page's life cycle.
 */
import { now, resync } from './clock.js';
import { type Timer, later } from './later.js';
import type { Module } from './module.js';

/** How urgently requests are wanted, by the module's numbers. */
export const DUE = 0;
const FLUSH = 1;
const FINAL = 2;
/** An answer that takes longer counts as none. */
const TIMEOUT_MS = 10_000;
/** Response bodies are small; a longer one is not worth reading into the module. */
const MAX_ANSWER_BYTES = 4096;
const MAX_IN_FLIGHT = 2;
/** How long a page that may be gone in a moment is kept busy. */
const LEAVING_MS = 50;
/** What goes into one packet anyway is not worth compressing. */
const SMALL_BYTES = 1024;
/**
 * Bodies of requests that outlive the page may not exceed 64 KiB together, counted for the whole page
 * (<https://fetch.spec.whatwg.org/#http-network-or-cache-fetch>); other code on it may use some of that.
 */
const KEEPALIVE_BYTES = 60 * 1024;
const NOTHING = /*@__PURE__*/ new Uint8Array();

export interface Request {
  id: number;
  signal: number;
  items: number;
  /** A copy: the module's memory may move. */
  body: Uint8Array<ArrayBuffer>;
  /** Whether the browser delivers it even if the page is closed; undefined until the browser has it. */
  safe?: boolean;
  /** Of the budget for those. */
  reserved?: number;
  /** Resolves when it is answered. */
  settled?: Promise<void>;
}

/** Another form of requests and answers than protobuf. */
export interface Codec {
  /** The content type. */
  readonly type: string;
  /** Requests have at most so many times the bytes that they have as protobuf. */
  readonly growth: number;
  pack(request: Request): Uint8Array<ArrayBuffer>;
  unpack(answer: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer>;
}

/** `Retry-After`: seconds or an HTTP date; -1 if it is neither, or asks for nothing. */
export const retryAfter = (value: string | null): number => {
  const ms = Number(value) * 1000 || Date.parse(value!) - Date.now();
  return ms >= 0 ? ms : -1;
};

// Not by way of `Blob`: jsdom's has no stream.
const gzip = async (body: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await new Response(new Response(body).body!.pipeThrough(new CompressionStream('gzip'))).arrayBuffer());

/**
 * What the engine adds are the requests: {@link take} gives one, {@link answered} is told what became of it. Where there
 * is an offline store it takes the place of {@link pump}, {@link sendFinal} and {@link answered}, and calls what was there.
 */
export abstract class Transport {
  private timer: Timer | undefined;
  private timerAt = Infinity;
  /** Without an answer yet. Who takes a request out sees to it from then on. */
  readonly flying = new Set<Request>();
  /** Bytes on their way with `keepalive`. */
  reserved = 0;
  /** None for protobuf. */
  coding?: Codec;
  private readonly abort = new AbortController();

  abstract readonly module: Module;

  constructor(
    readonly urls: readonly string[],
    readonly headers: Record<string, string>,
    readonly fetch: typeof globalThis.fetch,
  ) {
    const happens = {
      // It bubbles to the window, where one comes after all who still record something at the end.
      visibilitychange: () => (document.visibilityState === 'hidden' ? this.sendFinal() : resync()),
      pagehide: () => this.sendFinal(),
      // A page that comes back as it was may never hear of what was on its way; what the browser was to deliver, it has.
      pageshow: ({ persisted }: PageTransitionEvent) => persisted && this.flying.forEach((request) => this.finish(request, request.safe ? 200 : 0)),
      online: () => {
        this.module.resume();
        this.arm(0);
      },
    };
    // There is no such function under Node.
    for (const [type, act] of Object.entries(happens)) globalThis.addEventListener?.(type as 'pageshow', act, this.abort);
  }

  /** Encodes some of what waits; where there will be no other time, for as long as `final` says, in milliseconds. */
  abstract encodeSome(final?: number): void;
  /** It is in {@link flying} from then on. */
  abstract take(mode: number, limit: number): Request | undefined;
  /** With id 0 nothing is reported. Returns when the transport is wanted. */
  abstract answered(id: number, status: number, retryAfterMs: number, body: Uint8Array): number;

  /** Wakes up at that time (milliseconds since the Unix epoch), or earlier if that was asked for before. */
  arm(at: number): void {
    if (at >= this.timerAt - 1 || this.abort.signal.aborted) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = later(Math.min(Math.max(at - now(), 0), 0x7fffffff), () => this.pump());
  }

  /** Whether there is something to be sent, or as much on its way as may be. */
  get busy(): boolean {
    return this.flying.size >= MAX_IN_FLIGHT || this.timerAt <= now();
  }

  pump(): void {
    this.timerAt = Infinity;
    resync();
    // `onLine` is only ever wrong in the other direction.
    if (globalThis.navigator?.onLine === false) return;
    while (this.flying.size < MAX_IN_FLIGHT) {
      const request = this.take(DUE, -1);
      // Nothing is due any more; when will there be?
      if (!request) return this.arm(this.answered(0, 0, -1, NOTHING));
      this.send(request);
    }
  }

  /** Sends what was not tried yet; resolves when every answer is there, those to earlier requests included. */
  async flush(): Promise<void> {
    for (let request; (request = this.take(FLUSH, -1)); ) this.send(request);
    await Promise.all([...this.flying].map(({ settled }) => settled));
  }

  close(): void {
    clearTimeout(this.timer);
    this.abort.abort();
  }

  /** The page may be gone in a moment: no time for gzip, and no more than the keepalive budget. */
  sendFinal(): void {
    this.encodeSome(LEAVING_MS);
    for (let request; (request = this.take(FINAL, this.room)); ) this.send(request, true);
    // What is being compressed leaves as it is, as far as there is room.
    for (const request of this.flying) if (request.safe === undefined && request.body.length <= this.room) this.send(request, true);
  }

  /** What is left of the budget. */
  private get room(): number {
    return KEEPALIVE_BYTES - this.reserved;
  }

  /** `final` also takes over from an earlier attempt that is still compressing it. */
  send(request: Request, final?: boolean): void {
    request.settled = this.post(request, final);
  }

  private async post(request: Request, final?: boolean): Promise<void> {
    let status = 0;
    let pause;
    let answer;
    try {
      const { coding } = this;
      const headers: Record<string, string> = { ...this.headers, 'content-type': coding ? coding.type : 'application/x-protobuf' };
      let body = coding ? coding.pack(request) : request.body;
      if (!final && body.length > SMALL_BYTES && typeof CompressionStream !== 'undefined') {
        body = await gzip(body);
        if (!this.flying.has(request)) return;
        // It has left as it was.
        if (request.safe !== undefined) return request.settled;
        headers['content-encoding'] = 'gzip';
      }
      if ((request.safe = body.length <= this.room)) this.reserved += request.reserved = body.length;
      const url = this.urls[request.signal]!;
      // By which a relay sees how far this clock is off. Backends of other origins would refuse a header that they do not know.
      if (url.startsWith(globalThis.location?.origin + '/')) headers['x-aether-sent-at'] = '' + now();
      const response = await this.fetch(url, {
        method: 'POST',
        headers,
        body,
        keepalive: request.safe,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      // Read to the end always: Chromium gives the keepalive budget back only then.
      const bytes = new Uint8Array(await response.arrayBuffer());
      status = response.status;
      pause = retryAfter(response.headers.get('retry-after'));
      if (bytes.length <= MAX_ANSWER_BYTES) answer = coding ? coding.unpack(bytes) : bytes;
    } catch {
      // No answer: status 0, which the module knows to try again. When a page is left its requests fail for the page alone,
      // before it hears that it is, and the browser goes on with them: then nothing follows any more.
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.finish(request, status, pause, answer);
  }

  private finish(request: Request, status: number, pause = -1, answer = NOTHING): void {
    if (!this.flying.delete(request)) return;
    this.reserved -= request.reserved ?? 0;
    this.arm(this.answered(request.id, status, pause, answer));
  }
}

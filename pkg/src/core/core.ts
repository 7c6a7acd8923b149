/** What the instrumentations build on: spans with their parents and sampling, measurements, activity. */
import type { Attributes, SocketActivity, SpanContext, SpanOptions } from '../types.js';
import { type Remote, writeB3 } from './b3.js';
import type { Client } from './client.js';
import { active } from './context.js';
import { samples } from './ids.js';
import type { Ids } from './ids.js';
import { MEASUREMENT, type Measurement } from './records.js';
import { SpanImpl } from './span.js';

export class Core {
  route: string | undefined;
  readonly listeners = new Set<(activity: SocketActivity) => void>();
  private readonly sink = (span: SpanImpl): void => this.client.record(span, span.measurement);

  constructor(
    readonly client: Client,
    readonly ids: Ids,
    private readonly sampleRatio: number,
    /** Whether a URL may get a `b3` header. */
    readonly mayPropagate: (url: URL) => boolean,
    readonly recordQuery: boolean,
  ) {}

  /** Starts a span. `sampled` overrides the decision where a trace begins. */
  start(name: string, options?: SpanOptions, sampled?: boolean): SpanImpl {
    const parent = options?.parent === undefined ? active() : (options.parent ?? undefined);
    let traceId: string;
    if (parent) {
      traceId = parent.traceId;
      sampled = parent.sampled && sampled !== false;
    } else {
      const entry = this.ids.trace();
      traceId = entry.slice(0, 32);
      sampled = sampled !== false && entry[32] === '1';
    }
    const span = new SpanImpl(traceId, this.ids.span(), sampled, parent, name, options, this.sink);
    if (sampled && this.route) span.attributes['aether.route'] = this.route;
    return span;
  }

  /** A context from another process, with the decision that it may have left to us. */
  continue(remote: Remote): SpanContext {
    return { ...remote, sampled: remote.sampled ?? samples(remote.traceId, this.sampleRatio) };
  }

  measure(histogram: boolean, name: string, unit: string, value: number, attributes?: Attributes): void {
    this.client.record({ record: MEASUREMENT, histogram, name, unit, value, attributes });
  }

  activity(activity: () => SocketActivity): void {
    if (!this.listeners.size) return;
    const what = activity();
    for (const listener of this.listeners) {
      try {
        listener(what);
      } catch {
        // A display that fails must not disturb the socket.
      }
    }
  }

  readonly b3 = writeB3;
}

export type { Measurement };

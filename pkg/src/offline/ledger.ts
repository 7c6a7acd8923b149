/** What has become of requests that the module does not know any more: in the statistics, and as metrics. */
import type { Engine } from '../core/engine.js';
import { MEASUREMENT } from '../core/records.js';
import type { DropReason, TelemetryStats } from '../types.js';
import type { Parcel } from './divide.js';

/** By the module's numbers. */
const SIGNALS = ['traces', 'logs', 'metrics'] as const;

/** OTLP/HTTP: which answers are worth another try; as in `retry.rs`. */
export const judge = (status: number): 'arrived' | 'refused' | 'later' =>
  status >= 200 && status < 300 ? 'arrived' : [0, 429, 502, 503, 504].includes(status) ? 'later' : 'refused';

/** How many items a backend has thrown away: field 1 of field 1 of its answer; as in `response.rs`. */
export const rejected = (answer: Uint8Array): number => {
  if (answer[0] !== 0x0a || answer[2] !== 0x08) return 0;
  let count = 0;
  for (let at = 3, factor = 1; at < answer.length; at++, factor *= 128) {
    count += (answer[at]! & 127) * factor;
    if (answer[at]! < 128) return count;
  }
  return 0;
};

export class Ledger {
  private readonly exported = [0, 0, 0];
  private readonly dropped: Partial<Record<DropReason, number>> = {};

  constructor(private readonly engine: Engine) {
    const { count } = engine;
    engine.count = (stats: TelemetryStats) => {
      count.call(engine, stats);
      SIGNALS.forEach((signal, index) => (stats.exported[signal] += this.exported[index]!));
      for (const reason of Object.keys(this.dropped) as DropReason[]) stats.dropped[reason] = (stats.dropped[reason] ?? 0) + this.dropped[reason]!;
    };
  }

  /** Counts what became of a request; returns whether that is final. */
  settle({ signal, items }: Omit<Parcel, 'body'>, status: number, answer?: Uint8Array): boolean {
    const verdict = judge(status);
    if (verdict === 'arrived') {
      const lost = Math.min(items, answer ? rejected(answer) : 0);
      this.exported[signal]! += items - lost;
      this.lost(signal, 'rejected', lost);
    } else if (verdict === 'refused') this.lost(signal, 'refused', items);
    return verdict !== 'later';
  }

  /** Counts a loss, and measures it; lost metrics are only counted, lest that never ends where they are refused. */
  lost(signal: number, reason: DropReason, value: number): void {
    if (!value) return;
    this.dropped[reason] = (this.dropped[reason] ?? 0) + value;
    if (signal > 1) return;
    const attributes = { signal: SIGNALS[signal], reason };
    this.engine.record({ record: MEASUREMENT, histogram: false, name: 'aether.telemetry.dropped', unit: '{item}', value, attributes });
  }
}

/** How much one name may record. Where traces are limited, that holds where they begin, so none has holes. */
import { tick } from './clock.js';

const MAX_EVENTS = 200;

/** A token bucket for each event name, holding one second's worth. */
export class Limit {
  private readonly buckets = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly perSecond: number) {}

  /** Whether `event` may begin one more trace now. */
  allows(event: string): boolean {
    // Names from elsewhere must not grow the map forever; what exceeds it shares a bucket.
    if (!this.buckets.has(event) && this.buckets.size >= MAX_EVENTS) event = '';
    const at = tick();
    let bucket = this.buckets.get(event);
    if (!bucket) this.buckets.set(event, (bucket = { tokens: this.perSecond, at }));
    bucket.tokens = Math.min(this.perSecond, bucket.tokens + ((at - bucket.at) * this.perSecond) / 1000);
    bucket.at = at;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}

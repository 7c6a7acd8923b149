/**
 * Quantiles of a stream over a sliding window, in bounded memory.
 *
 * Durations fall into buckets that grow by 4 %, so a quantile is off by at most 2 %. The window is a ring of slots;
 * a slot that has left the window is cleared when its turn comes again.
 */

const LOWEST_MS = 0.05
const GROWTH = 1.04
const BUCKETS = 360 // 0.05 ms × 1.04^360 ≈ 68 s; what is longer counts as that long.
const LOG_GROWTH = Math.log(GROWTH)

function bucketOf(ms: number): number {
  if (!(ms > LOWEST_MS)) return 0
  return Math.min(BUCKETS - 1, Math.ceil(Math.log(ms / LOWEST_MS) / LOG_GROWTH))
}

/** The middle of a bucket, milliseconds. */
function valueOf(bucket: number): number {
  return bucket === 0 ? LOWEST_MS : LOWEST_MS * GROWTH ** (bucket - 0.5)
}

/** A ring of time slots; `advance` says which slot `now` belongs to and clears those that have passed. */
class SlotRing {
  private newest = -Infinity

  constructor(
    readonly slots: number,
    readonly slotMs: number,
    private readonly clear: (slot: number) => void,
  ) {}

  /** The slot for `nowMs`, or -1 when that time has already left the window. */
  advance(nowMs: number): number {
    const tick = Math.floor(nowMs / this.slotMs)
    if (tick <= this.newest - this.slots) return -1
    if (tick > this.newest) {
      const first = Math.max(this.newest + 1, tick - this.slots + 1)
      for (let passed = first; passed <= tick; passed += 1) this.clear(this.slotOf(passed))
      this.newest = tick
    }
    return this.slotOf(tick)
  }

  /** Slots from the oldest to the newest. */
  order(): number[] {
    if (this.newest === -Infinity) return []
    return Array.from({ length: this.slots }, (_, i) => this.slotOf(this.newest - this.slots + 1 + i))
  }

  private slotOf(tick: number): number {
    return ((tick % this.slots) + this.slots) % this.slots
  }
}

/** Latencies of the last `slots × slotMs`; by default one minute. */
export class WindowQuantiles {
  private readonly buckets: Uint32Array[]
  private readonly ring: SlotRing

  constructor(slots = 12, slotMs = 5000) {
    this.buckets = Array.from({ length: slots }, () => new Uint32Array(BUCKETS))
    this.ring = new SlotRing(slots, slotMs, (slot) => this.buckets[slot].fill(0))
  }

  add(ms: number, nowMs: number) {
    if (!Number.isFinite(ms) || ms < 0) return
    const slot = this.ring.advance(nowMs)
    if (slot >= 0) this.buckets[slot][bucketOf(ms)] += 1
  }

  /** For each of `shares` (ascending, 0 to 1) the latency in milliseconds; `null` without values in the window. */
  quantiles(shares: readonly number[], nowMs: number): (number | null)[] {
    this.ring.advance(nowMs)
    const sums = new Uint32Array(BUCKETS)
    let total = 0
    for (const slot of this.buckets) {
      for (let i = 0; i < BUCKETS; i += 1) {
        sums[i] += slot[i]
        total += slot[i]
      }
    }
    if (total === 0) return shares.map(() => null)
    let bucket = 0
    let seen = sums[0]
    return shares.map((share) => {
      const rank = Math.max(1, Math.ceil(share * total))
      while (seen < rank && bucket < BUCKETS - 1) {
        bucket += 1
        seen += sums[bucket]
      }
      return valueOf(bucket)
    })
  }
}

/** A count over a sliding window, with its course for a small chart. */
export class WindowCount {
  private readonly counts: Uint32Array
  private readonly ring: SlotRing
  private startedMs = Infinity

  constructor(slots = 60, slotMs = 1000) {
    this.counts = new Uint32Array(slots)
    this.ring = new SlotRing(slots, slotMs, (slot) => (this.counts[slot] = 0))
  }

  add(nowMs: number) {
    const slot = this.ring.advance(nowMs)
    if (slot < 0) return
    this.counts[slot] += 1
    this.startedMs = Math.min(this.startedMs, nowMs)
  }

  total(nowMs: number): number {
    this.ring.advance(nowMs)
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  /** Per second, over the window or over the time since the first event when that is shorter. */
  rate(nowMs: number): number {
    const windowMs = this.counts.length * this.ring.slotMs
    const spanMs = Math.min(windowMs, Math.max(this.ring.slotMs, nowMs - this.startedMs))
    return (this.total(nowMs) * 1000) / spanMs
  }

  /** Counts per slot, oldest first. */
  course(nowMs: number): number[] {
    this.ring.advance(nowMs)
    return this.ring.order().map((slot) => this.counts[slot])
  }
}

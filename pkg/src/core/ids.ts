/**
 * Ids and the sampling decision of new traces.
 *
 * They come from the WebAssembly module in blocks of text, so that starting a span is a `slice`. While it
 * loads they are made here, from `crypto.getRandomValues`, by the same rule.
 */

/** Hands out blocks of ids: 16 digits per span id, or 33 characters per trace id and decision. */
export type BlockSource = (traces: boolean) => string;

/** 32 hex digits and `1` or `0` for the decision. */
export type TraceEntry = string;

const hex = (bytes: number): string => {
  let text = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(bytes))) text += (byte + 256).toString(16).slice(1);
  // Zeros only would mean "no id".
  return /[^0]/.test(text) ? text : hex(bytes);
};

/** The rule of the module's `sampling`: the leading 52 of the lower 64 bits, as a fraction, below the ratio. */
export const samples = (traceId: string, ratio: number): boolean =>
  parseInt(traceId.slice(16, 29), 16) < Math.trunc(ratio * 2 ** 52);

export class Ids {
  private source?: BlockSource;
  private spans = '';
  private spanAt = 0;
  private traces = '';
  private traceAt = 0;

  constructor(private readonly ratio: number) {}

  /** From now on ids come from `source`; without one they are made here. */
  use(source: BlockSource | undefined): void {
    this.source = source;
    this.spans = this.traces = '';
    this.spanAt = this.traceAt = 0;
  }

  span(): string {
    if (this.spanAt >= this.spans.length) {
      if (!this.source || !(this.spans = this.source(false))) return hex(8);
      this.spanAt = 0;
    }
    return this.spans.slice(this.spanAt, (this.spanAt += 16));
  }

  trace(): TraceEntry {
    if (this.traceAt >= this.traces.length) {
      if (!this.source || !(this.traces = this.source(true))) {
        const id = hex(16);
        return id + (samples(id, this.ratio) ? '1' : '0');
      }
      this.traceAt = 0;
    }
    return this.traces.slice(this.traceAt, (this.traceAt += 33));
  }
}

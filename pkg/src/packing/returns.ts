/** Lots on their way to the page's module: what a worker has not seen to, and what could not be sent. */
import type { Engine } from '../core/engine.js';
import type { AnyRecord } from '../core/records.js';
import { type Lot, unpack } from './lot.js';
import type { Outcome } from './messages.js';

const FLUSH = 1;

/** A frame that is written already. */
interface Frame {
  record: -1;
  text: string;
  numbers: ArrayLike<number>;
}

/** Goes on where it was ended, see `packer.ts`. */
export class Returns {
  readonly back: Lot[] = [];
  /** Of the first of them the engine has so many spans. */
  begun = 0;

  constructor(private readonly engine: Engine) {
    const { writer } = engine;
    const { record } = writer;
    // They pass through `record`, where an offline store sees them.
    writer.record = (one: AnyRecord | Frame) => {
      if (one.record >= 0) return record.call(writer, one as Parameters<typeof record>[0]);
      const { text, numbers } = one as Frame;
      writer.numbers.set(numbers);
      writer.text = text;
      writer.length = numbers.length;
    };
  }

  get spans(): number {
    return this.back.reduce((sum, { spans }) => sum + spans, -this.begun);
  }

  /** Gives all of them to the module. It hears of a failure as if the first span had been its own, and knows when to try again. */
  goOn(failure?: Outcome): void {
    const { engine, back } = this;
    for (let lot; (lot = back[0]); ) {
      let nth = 0;
      unpack(lot, (text, numbers) => {
        if (nth++ < this.begun) return;
        this.begun++;
        engine.record({ record: -1, text, numbers } satisfies Frame as unknown as AnyRecord);
        const request = failure && engine.take(FLUSH, -1);
        engine.flying.delete(request!);
        if (request) engine.arm(engine.answered(request.id, failure!.status, failure!.pause, failure!.answer));
        failure = undefined;
      });
      back.shift();
      this.begun = 0;
    }
  }
}

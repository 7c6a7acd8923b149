/** An instrumentation at work, and what it records, without module and network. */
import { onTestFinished } from 'vitest';
import { Core } from '../../src/core/core.js';
import { loadEngine } from '../../src/core/load.js';
import type { AnyRecord, LogRecord, Loss } from '../../src/core/records.js';
import type { SpanImpl } from '../../src/core/span.js';
import type { Instrumentation, TelemetryOptions } from '../../src/types.js';

export interface Recorder {
  core: Core;
  spans: SpanImpl[];
  logs: LogRecord[];
  losses: Loss[];
  undo: () => void;
}

export const record = (instrumentation: Instrumentation, options: Partial<TelemetryOptions> = {}): Recorder => {
  const core = new Core({ serviceName: 'test', endpoint: 'http://127.0.0.1:9', wasm: new Promise<never>(() => {}), ...options }, loadEngine);
  const found: AnyRecord[] = [];
  const of = <T extends AnyRecord>(kind: number): T[] => found.filter((one): one is T => one.record === kind);
  core.output.record = (one) => void found.push(one);
  const undo = core.use(instrumentation);
  onTestFinished(() => undo());
  return {
    core,
    get spans() {
      return of<SpanImpl & AnyRecord>(0);
    },
    get logs() {
      return of<LogRecord>(1);
    },
    get losses() {
      return of<Loss>(3);
    },
    undo,
  };
};

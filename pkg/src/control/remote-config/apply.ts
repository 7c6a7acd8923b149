/** Doing what the server says, to a client at work. */
import type { Core } from '../../core/core.js';
import type { Instrumentation } from '../../types.js';
import { limitsOf } from '../limits/limiter.js';
import { samplingOf } from '../sampling/sampler.js';
import { decisionOf, toldTo } from '../stages.js';
import type { RemoteSettings } from './answer.js';

/** What guards what people have entrusted to the page is not for the server to switch off. */
const OURS = /^(attributes|user|before-send|limits|sampling|remote-config)$/;

export interface Remote {
  /** Makes these the settings that hold, in place of those before. */
  apply(settings: RemoteSettings): void;
  /** What the page says holds again; what the server has switched off stays off. */
  end(): void;
  /** Whether the server has ended telemetry for this page view. */
  isKilled(): boolean;
}

export const createRemote = (core: Core): Remote => {
  const { use, inUse } = core;
  /** Instrumentations that wait to be switched on again. */
  const off = new Set<Instrumentation>();
  let settings: RemoteSettings = {};
  let killed = false;

  const isOff = ({ name }: Instrumentation): boolean => !OURS.test(name) && (killed || settings.instrumentations?.[name] === false);

  const set = ({ sampling = {}, limits = {} }: RemoteSettings): void => {
    samplingOf(core)('remote', sampling);
    limitsOf(core)('remote', limits);
    toldTo(core).sessionRatio = sampling.sessionRatio;
  };

  /** Ends everything for this page view. What waits is not sent. */
  const kill = (): void => {
    const { output } = core;
    killed = true;
    decisionOf(core).gates.add(() => false);
    for (const [undo, { name }] of [...inUse]) if (name !== 'remote-config') undo();
    const end = (): void => {
      output.fail(undefined);
      output.state = 'disabled';
    };
    end();
    // It may be loading still, and would begin to work after this.
    void core.ready.then(end);
  };

  core.use = (instrumentation) => {
    if (!isOff(instrumentation)) return use(instrumentation);
    off.add(instrumentation);
    return () => {
      off.delete(instrumentation);
      for (const [undo, one] of inUse) if (one === instrumentation) undo();
    };
  };

  return {
    isKilled: () => killed,
    apply(next) {
      if (killed) return;
      settings = next;
      if (settings.enabled === false) return kill();
      set(settings);
      for (const [undo, instrumentation] of [...inUse]) {
        if (!isOff(instrumentation)) continue;
        undo();
        off.add(instrumentation);
      }
      for (const instrumentation of off) {
        if (isOff(instrumentation)) continue;
        off.delete(instrumentation);
        use(instrumentation);
      }
    },
    end() {
      if (killed) return;
      settings = {};
      core.use = use;
      set(settings);
    },
  };
};

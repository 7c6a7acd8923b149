/** Doing what the server says, to a client at work. */
import type { Core } from '../../core/core.js';
import type { Instrumentation } from '../../types.js';
import { limiterOf } from '../limits/limiter.js';
import { samplerOf } from '../sampling/sampler.js';
import { decisionOf, toldTo } from '../stages.js';
import type { RemoteSettings } from './answer.js';

/** What guards what people have entrusted to the page is not for the server to switch off. */
const OURS = /^(attributes|user|before-send|limits|sampling|remote-config)$/;

export class Remote {
  private settings: RemoteSettings = {};
  /** Instrumentations that wait to be switched on again. */
  private readonly off = new Set<Instrumentation>();
  killed = false;
  private readonly use: Core['use'];

  constructor(private readonly core: Core) {
    this.use = core.use;
    core.use = (instrumentation) => {
      if (this.isOff(instrumentation)) this.off.add(instrumentation);
      else return this.use(instrumentation);
      return () => this.undo(instrumentation);
    };
  }

  /** Makes these the settings that hold, in place of those before. */
  apply(settings: RemoteSettings): void {
    if (this.killed) return;
    this.settings = settings;
    if (settings.enabled === false) return this.kill();
    const { core } = this;
    const { sampling = {}, limits = {} } = settings;
    samplerOf(core).set('remote', sampling);
    limiterOf(core).set('remote', limits);
    toldTo(core).sessionRatio = sampling.sessionRatio;
    for (const [undo, instrumentation] of [...core.inUse]) {
      if (!this.isOff(instrumentation)) continue;
      undo();
      this.off.add(instrumentation);
    }
    for (const instrumentation of this.off) {
      if (this.isOff(instrumentation)) continue;
      this.off.delete(instrumentation);
      this.use(instrumentation);
    }
  }

  /** What the page says holds again; what the server has switched off stays off. */
  end(): void {
    if (this.killed) return;
    this.settings = {};
    this.core.use = this.use;
    samplerOf(this.core).set('remote', {});
    limiterOf(this.core).set('remote', {});
    toldTo(this.core).sessionRatio = undefined;
  }

  private isOff({ name }: Instrumentation): boolean {
    return !OURS.test(name) && (this.killed || this.settings.instrumentations?.[name] === false);
  }

  private undo(instrumentation: Instrumentation): void {
    this.off.delete(instrumentation);
    for (const [undo, one] of this.core.inUse) if (one === instrumentation) undo();
  }

  /** Ends everything for this page view. What waits is not sent. */
  private kill(): void {
    const { core } = this;
    const { output } = core;
    this.killed = true;
    decisionOf(core).gates.add(() => false);
    for (const [undo, { name }] of [...core.inUse]) if (name !== 'remote-config') undo();
    const end = (): void => {
      output.fail(undefined);
      output.state = 'disabled';
    };
    end();
    // It may be loading still, and would begin to work after this.
    void core.ready.then(end);
  }
}

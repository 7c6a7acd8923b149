/** Spans for components: until one is on the page, and whenever it is rendered anew. Only where one asks for it. */
import {
  type App,
  type ComponentInternalInstance,
  getCurrentInstance,
  inject,
  onBeforeUnmount,
  onBeforeUpdate,
  onMounted,
  onUpdated,
} from 'vue';
import { Limit } from '../core/limit.js';
import { warnOnce } from '../core/warn.js';
import type { BaseTelemetry, Span } from '../types.js';
import { TELEMETRY_KEY, inPage, pageOf, useTelemetry } from './key.js';

/** Options of {@link componentSpans}. */
export interface ComponentSpanOptions {
  /** Components by name. Default: all that have one, from `name` or the name of their file. */
  names?: readonly string[];
  /** Whether rendering anew has a span, too. Default `true`. */
  updates?: boolean;
  /** Most spans per second for a component, mounting and updating each. What exceeds it is counted as `rate_limited`. Default 10. */
  maxPerSecond?: number;
}

/** Spans of components that are at it now: those of the components within them are their children. */
const busy = /*@__PURE__*/ new WeakMap<ComponentInternalInstance, Span>();
const usual = /*@__PURE__*/ new Limit(10);

const nameOf = ({ type }: ComponentInternalInstance): string | undefined => {
  const { name, __name } = type as { name?: string; __name?: string };
  return name || __name;
};

const outer = (instance: ComponentInternalInstance): Span | undefined => {
  for (let { parent } = instance; parent; { parent } = parent) {
    const span = busy.get(parent);
    if (span) return span;
  }
  return undefined;
};

const watch = (telemetry: BaseTelemetry, instance: ComponentInternalInstance, name: string, limit: Limit, updates: boolean, on: () => boolean): void => {
  const page = pageOf(telemetry);
  const begin = (what: 'mount' | 'update'): void => {
    end();
    if (!on()) return;
    const title = `${what} ${name}`;
    if (!limit.allows(title)) return page.context?.rateLimited('traces');
    const parent = outer(instance) ?? telemetry.active() ?? page.navigation;
    busy.set(instance, telemetry.startSpan(title, { attributes: { 'vue.component': name }, ...(parent && { parent }) }));
  };
  const end = (): void => {
    busy.get(instance)?.end();
    busy.delete(instance);
  };
  begin('mount');
  onMounted(end, instance);
  if (updates) {
    onBeforeUpdate(() => begin('update'), instance);
    onUpdated(end, instance);
  }
  onBeforeUnmount(end, instance);
};

/**
 * A plugin with which components have spans `mount {name}` and `update {name}`. Install it after telemetry; an app
 * built with `__VUE_OPTIONS_API__: false` has no mixins, and calls {@link useComponentSpans} in its components instead.
 *
 * @example
 * app.use(telemetry).use(componentSpans, { names: ['OrderList', 'OrderForm'] });
 */
export const componentSpans = {
  install(app: App, { names, updates = true, maxPerSecond = 10 }: ComponentSpanOptions = {}): void {
    if (!inPage()) return;
    const telemetry = app.runWithContext(() => inject(TELEMETRY_KEY, undefined));
    if (!telemetry) return warnOnce('componentSpans: install telemetry first, with app.use(createTelemetry({ serviceName }))');
    const limit = new Limit(maxPerSecond);
    let on = false;
    telemetry.use({
      name: 'vue components',
      enable(context) {
        on = true;
        const begin = context.guard((instance: ComponentInternalInstance) => {
          const name = nameOf(instance);
          if (on && name && (!names || names.includes(name))) watch(telemetry, instance, name, limit, updates, () => on);
        });
        app.mixin({
          beforeCreate(this: { $: ComponentInternalInstance }) {
            begin(this.$);
          },
        });
        // A mixin cannot be taken out again.
        return () => {
          on = false;
        };
      },
    });
  },
};

/**
 * Spans `mount {name}` and `update {name}` for the component that calls this in its `setup`, from then on.
 *
 * @param name Default: the component's name. Without any, nothing is recorded.
 */
export const useComponentSpans = (name?: string): void => {
  const telemetry = useTelemetry();
  const instance = getCurrentInstance();
  const called = name ?? (instance && nameOf(instance));
  if (inPage() && instance && called && telemetry.stats().state !== 'disabled') watch(telemetry, instance, called, usual, true, () => true);
};

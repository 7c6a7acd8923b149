/** The ways in which instrumentations get into a page. Each is contained, and each returns what undoes it. */
import type { InstrumentationContext } from '../types.js';

type Undo = () => void;

/** Several as one. */
export const all =
  (...undo: Undo[]): Undo =>
  () =>
    undo.forEach((one) => one());

/** Listens to an event; does nothing where there is no such target, as under Node. */
export const listen = <E extends Event>(
  context: InstrumentationContext,
  target: EventTarget | undefined,
  type: string,
  handler: (event: E) => void,
  options?: AddEventListenerOptions,
): Undo => {
  const guarded = context.guard(handler) as unknown as EventListener;
  target?.addEventListener?.(type, guarded, options);
  return () => target?.removeEventListener?.(type, guarded, options);
};

/** Observes performance entries, those from before included; does nothing where the browser has no such type. */
export const observe = <E extends PerformanceEntry>(
  context: InstrumentationContext,
  type: string,
  handler: (entry: E) => void,
  options?: PerformanceObserverInit,
): Undo => {
  if (!globalThis.PerformanceObserver?.supportedEntryTypes?.includes(type)) return () => {};
  const guarded = context.guard(handler);
  const observer = new PerformanceObserver((list) => list.getEntries().forEach((entry) => guarded(entry as E)));
  observer.observe({ type, buffered: true, ...options });
  return () => observer.disconnect();
};

/* eslint-disable @typescript-eslint/no-explicit-any -- other people's functions: only `any` accepts every signature */
type Method = (this: any, ...args: any[]) => any;

/**
 * Replaces a method. Should somebody have wrapped the replacement since, undoing leaves it where it is, and it
 * passes everything through.
 */
export const patch = (target: any, name: string, make: (original: Method) => Method): Undo => {
  const original = target?.[name] as Method | undefined;
  if (typeof original !== 'function') return () => {};
  let on = true;
  const instrumented = make(original);
  const replacement = function (this: any, ...args: any[]): any {
    return (on ? instrumented : original).apply(this, args);
  };
  Object.defineProperty(replacement, 'name', { value: original.name });
  target[name] = replacement;
  return () => {
    on = false;
    if (target[name] === replacement) target[name] = original;
  };
};

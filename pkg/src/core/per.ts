/** What there is once for each client, wherever it is asked for. */
import type { InstrumentationContext } from '../types.js';
import type { Core } from './core.js';

/** Makes it for a client with the first call. */
export const per = <T>(make: (core: Core) => T): ((context: InstrumentationContext) => T) => {
  const made = new WeakMap<object, T>();
  return (context) => {
    if (!made.has(context)) made.set(context, make(context as Core));
    return made.get(context)!;
  };
};

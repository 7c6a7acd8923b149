/** Telling the developer about a problem: once each, and never more than that. */

const said = /*@__PURE__*/ new Set<string>();

/** Warns on the console; the same message only the first time. */
export const warnOnce = (message: string): void => {
  if (said.has(message) || said.size > 20) return;
  said.add(message);
  console.warn('[aetherterm telemetry] ' + message);
};

/** `act`, made harmless: what it throws is told once, and the page goes on as if we were not there. */
export const guard =
  <A extends unknown[], T>(what: string, act: (...args: A) => T): ((...args: A) => T | undefined) =>
  (...args) => {
    try {
      return act(...args);
    } catch (error) {
      try {
        warnOnce(`${what} failed: ${String(error)}`);
      } catch {
        // Not even a word about it, then.
      }
      return undefined;
    }
  };

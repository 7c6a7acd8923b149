/** Telling the developer about a problem: once each, and never more than that. */

const said = new Set<string>();

/** Warns on the console; the same message only the first time. */
export const warnOnce = (message: string): void => {
  if (said.has(message) || said.size > 20) return;
  said.add(message);
  console.warn('[aetherterm telemetry] ' + message);
};

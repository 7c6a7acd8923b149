/** `fetch` as the platform has it: what telemetry itself uses, so that it never sees its own requests. */

type Fetch = typeof globalThis.fetch;

/** Under this key a replacement keeps what it has replaced. */
export const ORIGINAL = /*@__PURE__*/ Symbol.for('aetherterm.fetch');

/** `fetch` beneath what any of our clients has put over it. */
export const originalFetch = (): Fetch => {
  let fetch = globalThis.fetch as Fetch & { [ORIGINAL]?: Fetch };
  while (fetch?.[ORIGINAL]) fetch = fetch[ORIGINAL];
  return fetch?.bind(globalThis);
};

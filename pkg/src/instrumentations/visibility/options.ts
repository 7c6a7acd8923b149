/** Options of the instrumentation of the page's visibility: there are none yet. */
export type VisibilityOptions = Record<never, never>;

/** Timers that are no reason to keep a Node process alive. */
export type Timer = ReturnType<typeof setTimeout>;

export const later = (ms: number, act: () => void): Timer => {
  const timer = setTimeout(act, ms);
  (timer as { unref?: () => void }).unref?.();
  return timer;
};

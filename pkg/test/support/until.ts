/** Waiting for conditions, not for time. How long they may take says how busy a machine may be, nothing else. */
const SECONDS = 30;

export const until = async <T>(condition: () => T, what = 'the condition'): Promise<NonNullable<T>> => {
  const deadline = Date.now() + SECONDS * 1000;
  for (;;) {
    const value = condition();
    if (value) return value as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${SECONDS} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

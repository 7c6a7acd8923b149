/** Waiting for conditions, not for time. */
export const until = async <T>(condition: () => T, what = 'the condition'): Promise<NonNullable<T>> => {
  const deadline = Date.now() + 8000;
  for (;;) {
    const value = condition();
    if (value) return value as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`${what} did not come true within 8 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

/** One thing in the browser's storage, which may be blocked, full, and hold anything. */

export interface Kept<T> {
  /** What is there, whatever somebody has put there; `undefined` if nothing can be read. */
  read(): Partial<T> | undefined;
  /** Does nothing where that is not possible. */
  write(value: T): void;
}

/** `where` is asked each time, because reading the property alone throws where storage is blocked. */
export const kept = <T>(where: () => Storage | undefined, key: string): Kept<T> => ({
  read() {
    try {
      return Object(JSON.parse(where()!.getItem(key)!)) as Partial<T>;
    } catch {
      return undefined;
    }
  },
  write(value) {
    try {
      where()!.setItem(key, JSON.stringify(value));
    } catch {
      // It holds for this page, then.
    }
  },
});

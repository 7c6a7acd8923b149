/**
 * Time. Durations come from the monotonic clock, and so do times of day, on top of an origin that is
 * corrected when the two have drifted apart, as they do while a computer sleeps.
 */

// Looking `performance` up takes longer than asking it.
const clock = performance;
let origin = clock.timeOrigin;

/** Monotonic milliseconds, for durations. */
export const tick = (): number => clock.now();

/** Milliseconds since the Unix epoch, with a fraction; that of a {@link tick}, where there is one already. */
export const now = (at = clock.now()): number => origin + at;

/** Corrects the origin if it is off by more than a second. */
export const resync = (): void => {
  const measured = Date.now() - clock.now();
  if (Math.abs(measured - origin) > 1000) origin = measured;
};

import type { MonotonicClock } from '../ports/clock.ts';

/** Waits as long as it must before so many bytes may be taken. */
export type Throttle = (bytes: number) => Promise<void> | undefined;

/** At most this long, a pause lets through what it saved up. Milliseconds. */
const burst = 250;

/** Keeps to a rate, in bytes a second, over all that share it. */
export function createThrottle(rate: number, clock: MonotonicClock): Throttle {
  let free = clock.monotonic();
  return (bytes) => {
    const now = clock.monotonic();
    free = Math.max(free, now - burst) + (bytes / rate) * 1000;
    const wait = free - now;
    if (wait <= 0) return undefined;
    return new Promise((resolve) => {
      setTimeout(resolve, wait);
    });
  };
}

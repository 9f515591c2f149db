import type { Clock, MonotonicClock } from '../../ports/clock.ts';

/** The machine's clocks. */
export function createSystemClock(): Clock & MonotonicClock {
  return { now: () => Date.now(), monotonic: () => performance.now() };
}

import type { Clock, MonotonicClock } from '../../ports/clock.ts';

/** One moment, by both clocks. */
export interface Moment {
  /** For what is told and kept: milliseconds since the epoch. */
  readonly at: number;
  /** For intervals: monotonic, in milliseconds. */
  readonly monotonic: number;
}

export function momentOf(clock: Clock & MonotonicClock): Moment {
  return { at: clock.now(), monotonic: clock.monotonic() };
}

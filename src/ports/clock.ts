/** The time of day: for what is written down, signed or shown. It may be set forward or back at any moment. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Time that passes, which nobody sets: for intervals, limits, rates and durations. */
export interface MonotonicClock {
  /** Milliseconds since a moment that is the same for the whole process. */
  monotonic(): number;
}

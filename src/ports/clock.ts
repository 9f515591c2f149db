/** The time. Everything that needs it is handed one, so that tests can set it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

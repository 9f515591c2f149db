/** A time as people and clients are shown it: RFC 3339, in UTC. `milliseconds` is since the epoch. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** The same in whole seconds, as the formats of metadata and signatures want it. */
export function formatSecond(milliseconds: number): string {
  return formatTime(milliseconds).replace(/\.[0-9]{3}Z$/, 'Z');
}

/** The day of a time, in UTC: `2026-11-30`. */
export function formatDay(milliseconds: number): string {
  return formatTime(milliseconds).slice(0, 10);
}

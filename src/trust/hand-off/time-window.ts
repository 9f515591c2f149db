/** Hours of certain days of the week, in UTC. */
export interface TimeWindow {
  /** 0 is Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes since midnight. */
  readonly from: number;
  /** Minutes since midnight, not included. Not after `from` when the window ends on the day after. */
  readonly to: number;
}

/** Whether `now`, in milliseconds since the epoch, lies in the window. One over midnight belongs to the day it starts. */
export function isInWindow({ days, from, to }: TimeWindow, now: number): boolean {
  const time = new Date(now);
  const day = time.getUTCDay();
  const minute = time.getUTCHours() * 60 + time.getUTCMinutes();
  if (from < to) return days.has(day) && minute >= from && minute < to;
  return (days.has(day) && minute >= from) || (days.has((day + 6) % 7) && minute < to);
}

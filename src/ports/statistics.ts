/** What is counted by: each for itself, never together, so that no row tells of one person. */
export const statisticDimensions = ['repository', 'tag', 'country', 'asn', 'mirror', 'client'] as const;
export type StatisticDimension = (typeof statisticDimensions)[number];

/** The value of all that had no room of its own. */
export const otherValue = 'other';

/** docs/monitoring.md says what counts as what. */
interface StatisticCounts {
  readonly pulls: number;
  readonly blobs: number;
  readonly bytes: number;
}

/** What was counted on a day (in UTC, `2026-01-31`) for one value of a dimension. */
export interface DayStatistic extends StatisticCounts {
  readonly day: string;
  readonly dimension: StatisticDimension;
  readonly value: string;
}

export interface StatisticsQuery {
  readonly dimension: StatisticDimension;
  /** The first day. */
  readonly since: string;
  /** Sums for each value, or for each day. */
  readonly by: 'value' | 'day';
  readonly limit: number;
}

/** A sum; `of` is the value or the day. */
export interface StatisticSum extends StatisticCounts {
  readonly of: string;
}

/** Counts by day, for people. Rejects with SignpostError STORAGE. */
export interface Statistics {
  /** Adds to what is there already. All or nothing. */
  add(rows: readonly DayStatistic[]): Promise<void>;
  /** Days from the newest on; values by pulls, blobs and bytes, the greatest first. */
  sum(query: StatisticsQuery): Promise<readonly StatisticSum[]>;
  /** Forgets the days before that one. */
  prune(before: string): Promise<void>;
}

import { isArtifactTag } from '../../oci/reference.ts';
import {
  type DayStatistic,
  type StatisticDimension,
  otherValue,
  statisticDimensions,
} from '../../ports/statistics.ts';
import type { Clock } from '../../ports/clock.ts';
import { clientKindOf } from './client-kind.ts';
import type { Exchange, Handled } from './exchange.ts';
import { formatDay } from '../../text/format-time.ts';

/** Pulls counted in memory until somebody writes them down. Addresses never get this far. */
export interface PullTally {
  /** Takes in an exchange that has ended: a few additions, and nothing waits. */
  note(exchange: Exchange, handled: Handled): void;
  /** All that was counted, and begins anew. */
  take(): readonly DayStatistic[];
  /** Counts again what could not be written. */
  putBack(rows: readonly DayStatistic[]): void;
}

interface Counts {
  pulls: number;
  blobs: number;
  bytes: number;
}

type Day = Readonly<Record<StatisticDimension, Map<string, Counts>>>;

const dayLength = 86_400_000;
/** Values of one dimension that are told apart until they are written; what comes then is counted as `other`. */
const valueLimit = 10_000;
/** Days that wait to be written: a database that is away for longer loses the oldest. */
const dayLimit = 7;

const unknown = 'unknown';
/** The mirror of what this server sent itself. */
const ownMirror = 'origin';

export function createPullTally(clock: Clock): PullTally {
  let days = new Map<number, Day>();

  const dayOf = (number: number): Day => {
    const known = days.get(number);
    if (known !== undefined) return known;
    const added = {
      repository: new Map(),
      tag: new Map(),
      country: new Map(),
      asn: new Map(),
      mirror: new Map(),
      client: new Map(),
    };
    days.set(number, added);
    const oldest = Math.min(...days.keys());
    if (days.size > dayLimit) days.delete(oldest);
    return added;
  };

  const today = () => dayOf(Math.floor(clock.now() / dayLength));

  /** By all dimensions but tags and mirrors, which only some requests have. */
  const addTo = (day: Day, repository: string, exchange: Exchange, pulls: number, bytes: number): void => {
    const { place } = exchange.client;
    const client = clientKindOf(exchange.header('user-agent'));
    // A mirror that is being filled pulls nothing; what it takes of blobs is sent all the same.
    if (client === 'mirror-sync' && pulls > 0) return;
    add(day.repository, repository, pulls, 1 - pulls, bytes);
    add(day.country, place.country ?? unknown, pulls, 1 - pulls, bytes);
    add(day.asn, place.asn === undefined ? unknown : `AS${place.asn}`, pulls, 1 - pulls, bytes);
    add(day.client, client, pulls, 1 - pulls, bytes);
  };

  return {
    note(exchange, { isList, routed }) {
      const { path, method, status } = exchange;
      if (path.kind === 'manifest-by-tag') {
        if ((status !== 200 && status !== 304) || isArtifactTag(path.tag)) return;
        const day = today();
        add(day.tag, `${path.repository}:${path.tag}`, 1, 0, 0);
        if (method === 'GET' && status === 200) addTo(day, path.repository, exchange, 1, 0);
      } else if (path.kind === 'manifest') {
        if (method !== 'GET' || status !== 200 || isList !== true) return;
        addTo(today(), path.repository, exchange, 1, 0);
      } else if (path.kind === 'blob' && method === 'GET') {
        if (routed === undefined || (status !== 307 && status !== 200 && status !== 206)) return;
        const day = today();
        const sent = routed.outcome === 'redirected';
        const bytes = sent ? routed.blob.size - (routed.part?.start ?? 0) : exchange.bytes;
        addTo(day, path.repository, exchange, 0, bytes);
        add(day.mirror, sent ? routed.target.mirror.name : ownMirror, 0, 1, bytes);
      }
    },
    take() {
      const taken = days;
      days = new Map();
      return [...taken].flatMap(([number, day]) => rowsOf(formatDay(number * dayLength), day));
    },
    putBack(rows) {
      for (const { day, dimension, value, pulls, blobs, bytes } of rows) {
        add(dayOf(Math.floor(Date.parse(day) / dayLength))[dimension], value, pulls, blobs, bytes);
      }
    },
  };
}

function add(values: Map<string, Counts>, value: string, pulls: number, blobs: number, bytes: number): void {
  let counts = values.get(value);
  if (counts === undefined) {
    const key = values.size < valueLimit ? value : otherValue;
    counts = values.get(key) ?? { pulls: 0, blobs: 0, bytes: 0 };
    values.set(key, counts);
  }
  counts.pulls += pulls;
  counts.blobs += blobs;
  counts.bytes += bytes;
}

function rowsOf(day: string, values: Day): readonly DayStatistic[] {
  return statisticDimensions.flatMap((dimension) =>
    [...values[dimension]].map(([value, counts]) => ({ day, dimension, value, ...counts })),
  );
}

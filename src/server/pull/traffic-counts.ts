import type { MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorTable } from '../../mirrors/mirror-table.ts';
import { type Measurement, measureEach, measureOne } from '../../ports/measurement.ts';
import type { Exchange, Handled } from './exchange.ts';
import type { BlobRoute } from './route-blob.ts';

/** What was answered, counted while requests run. To count is a few additions; nothing is made but at a first time. */
export interface TrafficCounts {
  /** Takes in an exchange that has ended. */
  note(exchange: Exchange, handled: Handled): void;
  measurements(): readonly Measurement[];
}

interface KindCount {
  /** By status; 0 is an answer that never began. */
  readonly statuses: Float64Array;
  bytes: number;
}

interface MirrorCount {
  redirects: number;
  bytes: number;
  failureReports: number;
}

const statusLimit = 600;

/** @param mirrors the newest table: it says the names of mirrors, and which are still there */
export function createTrafficCounts(mirrors: () => MirrorTable): TrafficCounts {
  const kinds = new Map<string, KindCount>();
  const outcomes = new Map<string, { count: number }>();
  const tiers = new Map<string, { count: number }>();
  const rejections = new Map<string, { count: number }>();
  const byMirror = new Map<MirrorId, MirrorCount>();
  let retries = 0;

  const mirrorCount = (id: MirrorId): MirrorCount => {
    const known = byMirror.get(id);
    if (known !== undefined) return known;
    const added = { redirects: 0, bytes: 0, failureReports: 0 };
    byMirror.set(id, added);
    return added;
  };

  const noteRoute = (route: BlobRoute): void => {
    increase(outcomes, route.outcome);
    if (!('tried' in route)) return;
    if (route.tried.length > 0) retries += 1;
    if (route.suspect !== undefined) mirrorCount(route.suspect).failureReports += 1;
    if (route.outcome === 'redirected') {
      const count = mirrorCount(route.target.mirror.id);
      count.redirects += 1;
      count.bytes += route.blob.size - (route.part?.start ?? 0);
      increase(tiers, route.target.tier);
    } else {
      for (const { reason } of route.rejected) increase(rejections, reason);
    }
  };

  /** By the names of mirrors that are still there: the others are forgotten, or they would only ever grow in number. */
  const perMirror = (read: (count: MirrorCount) => number): readonly (readonly [string, number])[] => {
    const names = new Map(mirrors().mirrors.map(({ mirror }) => [mirror.id, mirror.name]));
    for (const id of byMirror.keys()) if (!names.has(id)) byMirror.delete(id);
    return [...byMirror].map(([id, count]) => [names.get(id) ?? '', read(count)]);
  };

  return {
    note({ path, status, bytes }, { routed }) {
      let count = kinds.get(path.kind);
      if (count === undefined) {
        count = { statuses: new Float64Array(statusLimit), bytes: 0 };
        kinds.set(path.kind, count);
      }
      count.statuses[status] = (count.statuses[status] ?? 0) + 1;
      count.bytes += bytes;
      if (routed !== undefined) noteRoute(routed);
    },
    measurements: () => [
      {
        name: 'signpost_requests_total',
        help: 'Requests of the pull API by what was asked for and the status of the answer (0: broken off before it).',
        type: 'counter',
        labels: ['kind', 'status'],
        read: () => [...kinds].flatMap(([kind, { statuses }]) => samplesOf(kind, statuses)),
      },
      measureEach(
        'signpost_answered_bytes_total',
        'Bytes of bodies that this server sent itself.',
        'counter',
        'kind',
        () => [...kinds].map(([kind, { bytes }]) => [kind, bytes]),
      ),
      measureEach(
        'signpost_blob_requests_total',
        'What became of requests for blobs: redirected, in place, described (HEAD), from the origin and why, unknown.',
        'counter',
        'outcome',
        () => countsOf(outcomes),
      ),
      measureEach(
        'signpost_origin_rejections_total',
        'Why mirrors could not be had for the blobs that the origin sent: one for each mirror.',
        'counter',
        'reason',
        () => countsOf(rejections),
      ),
      measureEach(
        'signpost_redirect_tiers_total',
        'Redirects by how near the mirror is to the client.',
        'counter',
        'tier',
        () => countsOf(tiers),
      ),
      measureEach('signpost_redirects_total', 'Redirects to each mirror.', 'counter', 'mirror', () =>
        perMirror(({ redirects }) => redirects),
      ),
      measureEach(
        'signpost_redirected_bytes_total',
        'Bytes that clients were sent to each mirror for. Whether they took them all is not known here.',
        'counter',
        'mirror',
        () => perMirror(({ bytes }) => bytes),
      ),
      measureEach(
        'signpost_mirror_failure_reports_total',
        'Failure reports: retries that look as if the client had failed at the mirror.',
        'counter',
        'mirror',
        () => perMirror(({ failureReports }) => failureReports),
      ),
      measureOne(
        'signpost_retries_total',
        'Retries: requests for a blob by a client that was sent to a mirror for it shortly before.',
        'counter',
        () => retries,
      ),
    ],
  };
}

function increase(counts: Map<string, { count: number }>, of: string): void {
  const known = counts.get(of);
  if (known === undefined) counts.set(of, { count: 1 });
  else known.count += 1;
}

function countsOf(counts: ReadonlyMap<string, { readonly count: number }>): [string, number][] {
  return [...counts].map(([of, { count }]) => [of, count]);
}

function samplesOf(kind: string, statuses: Float64Array) {
  return [...statuses.entries()]
    .filter(([, value]) => value > 0)
    .map(([status, value]) => ({ value, labels: [kind, String(status)] }));
}

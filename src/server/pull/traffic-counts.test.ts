import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthyStates, numberedMirror } from '../../../test/fakes/mirrors.ts';
import type { RankedMirror } from '../../mirrors/choose-mirrors.ts';
import type { Mirror } from '../../mirrors/mirror.ts';
import { createMirrorTable } from '../../mirrors/mirror-table.ts';
import type { Measurement } from '../../ports/measurement.ts';
import type { Exchange, Handled } from './exchange.ts';
import type { BlobRoute } from './route-blob.ts';
import { createTrafficCounts } from './traffic-counts.ts';

const blob = { size: 1000, serial: 1 };

function ended(kind: string, status: number, routed?: BlobRoute): [Exchange, Handled] {
  return [{ path: { kind }, status, bytes: 10 } as unknown as Exchange, { routed }];
}

function redirectTo(mirror: Mirror, more: Partial<Extract<BlobRoute, { outcome: 'redirected' }>> = {}) {
  const target = { mirror, tier: 'country' } as unknown as RankedMirror;
  const base = { blob, target, ranked: [target], rejected: [], tried: [], suspect: undefined };
  return ended('blob', 307, { outcome: 'redirected', ...base, part: undefined, ...more });
}

/** `name{label,label}` with its value. */
function read(measurements: readonly Measurement[]): Record<string, number> {
  return Object.fromEntries(
    measurements.flatMap((one) =>
      [...one.read()].map(({ labels, value }) => [`${one.name}{${labels.join(',')}}`, value]),
    ),
  );
}

test('counts requests by kind and status, blobs by outcome, and redirects by mirror', () => {
  const [one, two] = [numberedMirror(1), numberedMirror(2)];
  const counts = createTrafficCounts(() => createMirrorTable([one, two], healthyStates([one, two])));
  counts.note(...ended('manifest', 200));
  counts.note(...ended('manifest', 404));
  counts.note(...ended('manifest', 200));
  counts.note(...redirectTo(one));
  counts.note(...redirectTo(two, { part: { start: 600, toEnd: true }, tried: [one.id], suspect: one.id }));
  const rejected = [{ mirror: one, reason: 'behind' as const, detail: () => '' }];
  counts.note(
    ...ended('blob', 200, {
      outcome: 'from-origin-without-mirror',
      blob,
      rejected,
      tried: [],
      suspect: undefined,
      part: undefined,
    }),
  );
  assert.deepEqual(read(counts.measurements()), {
    'signpost_requests_total{manifest,200}': 2,
    'signpost_requests_total{manifest,404}': 1,
    'signpost_requests_total{blob,200}': 1,
    'signpost_requests_total{blob,307}': 2,
    'signpost_answered_bytes_total{manifest}': 30,
    'signpost_answered_bytes_total{blob}': 30,
    'signpost_blob_requests_total{redirected}': 2,
    'signpost_blob_requests_total{from-origin-without-mirror}': 1,
    'signpost_origin_rejections_total{behind}': 1,
    'signpost_redirect_tiers_total{country}': 2,
    [`signpost_redirects_total{${one.name}}`]: 1,
    [`signpost_redirects_total{${two.name}}`]: 1,
    [`signpost_redirected_bytes_total{${one.name}}`]: 1000,
    [`signpost_redirected_bytes_total{${two.name}}`]: 400,
    [`signpost_mirror_failure_reports_total{${one.name}}`]: 1,
    [`signpost_mirror_failure_reports_total{${two.name}}`]: 0,
    'signpost_retries_total{}': 1,
  });
});

test('a mirror that was removed is no longer shown', () => {
  const [one, two] = [numberedMirror(1), numberedMirror(2)];
  let list = [one, two];
  const counts = createTrafficCounts(() => createMirrorTable(list, healthyStates(list)));
  counts.note(...redirectTo(one));
  list = [two];
  assert.deepEqual(
    Object.keys(read(counts.measurements())).filter((name) => name.includes(`{${one.name}}`)),
    [],
  );
});

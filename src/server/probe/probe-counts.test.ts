import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthyStates, numberedMirror } from '../../../test/fakes/mirrors.ts';
import { createProbeCounts } from './probe-counts.ts';

test('says how each mirror is, and what probes found', () => {
  const [up, down, disabled] = [numberedMirror(1), numberedMirror(2), numberedMirror(3)];
  const states = new Map(healthyStates([up, down]));
  const state = states.get(up.id);
  assert.ok(state);
  states.set(up.id, { ...state, serial: 7, since: 5000 });
  states.set(down.id, { ...state, serial: 4, since: 6000, healthy: false, reason: 'timeout: 2 s' });
  const counts = createProbeCounts({
    mirrors: () => [up, down, disabled],
    states: () => states,
    treeSerial: () => 7,
  });
  const visit = { requests: 1, bytes: 1, addresses: [], tried: [] };
  const good = { ...visit, ok: true as const, serial: 7, responseTime: 250 };
  const bad = { ...visit, ok: false as const, wrongBytes: false, reason: 'timeout: 2 s' };
  counts.note(up.id, good, 10_000);
  counts.note(up.id, { ...good, responseTime: 125 }, 12_000);
  counts.note(down.id, { ...bad, failure: 'timeout' }, 13_000);
  const found = Object.fromEntries(
    counts
      .measurements()
      .flatMap((one) =>
        [...one.read()].map(({ labels, value }) => [`${one.name} ${labels.join(',')}`, value]),
      ),
  );
  assert.deepEqual(found, {
    'signpost_probes_total good': 2,
    'signpost_probes_total timeout': 1,
    'signpost_mirrors up': 1,
    'signpost_mirrors down': 1,
    'signpost_mirrors disabled': 1,
    [`signpost_mirror_up ${up.name}`]: 1,
    [`signpost_mirror_up ${down.name}`]: 0,
    [`signpost_mirror_serial ${up.name}`]: 7,
    [`signpost_mirror_serial ${down.name}`]: 4,
    [`signpost_mirror_lag_publications ${up.name}`]: 0,
    [`signpost_mirror_lag_publications ${down.name}`]: 3,
    [`signpost_mirror_state_timestamp_seconds ${up.name}`]: 5,
    [`signpost_mirror_state_timestamp_seconds ${down.name}`]: 6,
    [`signpost_mirror_last_probe_timestamp_seconds ${up.name}`]: 12,
    [`signpost_mirror_last_probe_timestamp_seconds ${down.name}`]: 13,
    [`signpost_mirror_response_seconds ${up.name}`]: 0.125,
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthyStates, numberedMirror } from '../../../test/fakes/mirrors.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import { createFollowedHealth, createFollowedStates } from './followed-mirrors.ts';
import type { Follower } from './follow-origin.ts';
import type { FollowedSnapshot } from './followed-snapshot.ts';
import type { OfferedMirror } from './mirrors-part.ts';

function following(mirrors: readonly OfferedMirror[]): Follower {
  const current = { mirrors } as unknown as FollowedSnapshot;
  return { current: () => current, onChange() {} } as unknown as Follower;
}

function statesOf(
  mirror: Mirror,
  health: OfferedMirror['health'],
  own: { healthy: boolean; serial: number },
) {
  const states = healthyStates([mirror], own);
  const source = { states: () => states, setMirrors() {}, onChange() {} };
  const offered = health === undefined ? { mirror } : { mirror, health };
  return createFollowedHealth(source, following([offered]))
    .states()
    .get(mirror.id);
}

const good = { healthy: true, since: 1, serial: 9, needs: 'probe' } as const;
const wrong = { healthy: false, since: 2, serial: 9, needs: 'full-check', reason: 'wrong-bytes: x' } as const;
const dead = { healthy: false, since: 2, serial: 9, needs: 'probe', reason: 'timeout' } as const;

test('own probes count for public mirrors, whatever the origin thought of them', () => {
  const mirror = numberedMirror(1);
  assert.equal(statesOf(mirror, good, { healthy: false, serial: 3 })?.healthy, false);
  assert.equal(statesOf(mirror, dead, { healthy: true, serial: 3 })?.healthy, true);
  assert.equal(statesOf(mirror, undefined, { healthy: true, serial: 3 })?.serial, 3);
});

test('a mirror that the origin caught with wrong bytes is out here too, and it says why', () => {
  const state = statesOf(numberedMirror(1), wrong, { healthy: true, serial: 3 });
  assert.equal(state?.healthy, false);
  assert.match(state?.reason ?? '', /wrong-bytes: x \(seen by the origin\)/);
});

test('of a private mirror only the origin knows', () => {
  const own = { healthy: false, serial: 0, reason: 'it has not reported' };
  const state = statesOf(numberedMirror(1, { kind: 'private' }), good, own);
  assert.deepEqual([state?.healthy, state?.serial, state?.reason], [true, 9, undefined]);
});

test('probing begins with what the origin knew', async () => {
  const offered = [{ mirror: numberedMirror(1), health: wrong }, { mirror: numberedMirror(2) }];
  const states = await createFollowedStates(following(offered)).load();
  assert.deepEqual([...states.keys()], [1 as MirrorId]);
  assert.equal(states.get(1 as MirrorId)?.needs, 'full-check');
});

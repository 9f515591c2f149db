import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemorySnapshotStore } from '../../../test/fakes/memory-snapshot-store.ts';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { createOfferedWorld } from '../../../test/fakes/offered-world.ts';
import { createSealPair } from '../../../test/fakes/seal-pair.ts';
import { readMirrorDescription as readMirror } from '../../adapters/db/tables/mirror-description.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { createFollowedContent } from './followed-content.ts';
import { createFollower } from './follow-origin.ts';

const signal = new AbortController().signal;
const base = parseRepositoryName('fedora/base');
const tools = parseRepositoryName('fedora/tools');

async function createFrontEnd() {
  const origin = await createOfferedWorld();
  const logged: string[] = [];
  const keep = (event: string, fields = {}) => logged.push(`${event} ${JSON.stringify(fields)}`);
  const log = { debug() {}, info: keep, warn: keep, error: keep };
  const tree = { serial: 100 };
  const store = createMemorySnapshotStore();
  const spare = createMemorySnapshotStore();
  const pauses = { count: 0 };
  const deps = {
    ...origin,
    store,
    spare,
    treeSerial: () => Promise.resolve(tree.serial),
    readMirror,
    log,
    pause: async () => void (pauses.count += 1),
  };
  const publish = async (serial: number, ...repositories: (typeof base)[]) => {
    origin.world.serial = serial;
    for (const repository of repositories) {
      const list = digestOf(`${repository} ${serial}`);
      origin.repositories.set(repository, {
        serial,
        tags: [{ repository, tag: parseTagName('41'), list, requestSerial: serial, expires: 9 }],
        manifests: [{ repository, digest: list, mediaType: 'application/x', size: 1 }],
        blobs: [{ repository, digest: digestOf('blob'), size: 5, serial }],
      });
    }
    return origin.offer();
  };
  return { origin, logged, pauses, tree, store, spare, deps, follower: createFollower(deps), publish };
}

async function tagsOf({ follower }: Awaited<ReturnType<typeof createFrontEnd>>): Promise<readonly string[]> {
  const tags = [];
  for await (const batch of createFollowedContent(follower, signal).tags()) tags.push(...batch);
  return tags.map(({ repository, tag, list }) => `${repository}:${tag} ${list}`);
}

test('a front end has what the origin has published, and its mirrors', async () => {
  const world = await createFrontEnd();
  const mirror = numberedMirror(3, { contact: 'secret@example.org', webhook: 'https://example.org/secret' });
  const health = { healthy: false, reason: 'wrong bytes', since: 5, serial: 1, needs: 'full-check' as const };
  world.origin.world.mirrors = [{ mirror, health }, { mirror: numberedMirror(2) }];
  await world.publish(1, base, tools);
  await world.follower.refresh(signal);
  assert.deepEqual(await tagsOf(world), [
    `${base}:41 ${digestOf(`${base} 1`)}`,
    `${tools}:41 ${digestOf(`${tools} 1`)}`,
  ]);
  const { contact: _contact, webhook: _webhook, ...seen } = mirror;
  assert.deepEqual(world.follower.current()?.mirrors, [
    { mirror: numberedMirror(2) },
    { mirror: seen, health },
  ]);
  assert.equal(world.pauses.count, 3, 'one for each mirror, and one for the repositories');
});

test('only what has changed is read at the origin and fetched', async () => {
  const world = await createFrontEnd();
  await world.publish(1, base, tools);
  await world.follower.refresh(signal);
  world.origin.reads.length = 0;
  world.origin.asked.length = 0;
  await world.publish(2, tools);
  assert.deepEqual(world.origin.reads, [tools]);
  await world.follower.refresh(signal);
  assert.equal(world.origin.asked.length, 3, 'the snapshot, its contents, one repository');
  assert.equal(await world.publish(2), undefined, 'nothing has changed');
});

test('the origin away, damaged or lying changes nothing', async () => {
  const world = await createFrontEnd();
  const { origin, follower } = world;
  await world.publish(1, base);
  await follower.refresh(signal);
  const before = follower.current();
  assert.ok(before);

  origin.world.away = true;
  await follower.refresh(signal);
  assert.equal(follower.current(), before);
  origin.world.away = false;

  const good = origin.store.snapshot ?? assert.fail();
  await world.publish(2, base);
  const next = origin.store.snapshot ?? assert.fail();
  for (const file of [
    Uint8Array.from(next, (byte, index) => (index === next.length - 20 ? byte ^ 1 : byte)),
    next.subarray(0, next.length - 1),
    Buffer.from('<html>busy</html>\n'),
    Buffer.alloc(0),
  ]) {
    origin.store.snapshot = file;
    await follower.refresh(signal);
    assert.equal(follower.current(), before);
  }

  // Pieces with other bytes.
  origin.store.snapshot = next;
  const changed = [...origin.store.parts].filter(([digest]) => !world.store.parts.has(digest));
  for (const [digest, bytes] of changed) origin.store.parts.set(digest, Uint8Array.from(bytes).toReversed());
  await follower.refresh(signal);
  assert.equal(follower.current(), before);
  for (const [digest, bytes] of changed) origin.store.parts.set(digest, bytes);
  await follower.refresh(signal);
  assert.equal(follower.current()?.snapshot.serial, 2);

  // An old snapshot, sealed and all.
  origin.store.snapshot = good;
  await follower.refresh(signal);
  assert.equal(follower.current()?.snapshot.serial, 2);
  assert.match(world.logged.join('\n'), /put back to an older state, or somebody serves an old copy/);
});

test('another key is not believed', async () => {
  const world = await createFrontEnd();
  await world.publish(1, base);
  const stranger = createFollower({ ...world.deps, key: (await createSealPair()).key });
  await stranger.refresh(signal);
  assert.equal(stranger.current(), undefined);
});

test('a snapshot waits until the tree here holds what it names', async () => {
  const world = await createFrontEnd();
  await world.publish(1, base);
  await world.follower.refresh(signal);
  await world.publish(101, base);
  await world.follower.refresh(signal);
  assert.equal(world.follower.current()?.snapshot.serial, 1);
  assert.match(world.logged.join('\n'), /the tree here is at serial 100, the origin at 101/);
  world.tree.serial = 101;
  world.origin.world.away = true;
  await world.follower.refresh(signal);
  assert.equal(world.follower.current()?.snapshot.serial, 1, 'the origin is asked first');
  world.origin.world.away = false;
  await world.follower.refresh(signal);
  assert.equal(world.follower.current()?.snapshot.serial, 101);
});

test('the same problem is said once, and its end is said', async () => {
  const { origin, logged, tree, follower, publish } = await createFrontEnd();
  await publish(1, base);
  const said = async () => {
    logged.length = 0;
    for (let times = 0; times < 3; times += 1) await follower.refresh(signal);
    return logged.map((line) => line.split(' {')[0]);
  };
  const problem = 'cannot follow the origin: what was there stays';
  tree.serial = 0;
  assert.deepEqual(await said(), [problem]);
  tree.serial = 1;
  assert.deepEqual(await said(), ['following the origin', 'the origin can be followed again']);
  origin.world.away = true;
  assert.deepEqual(await said(), [problem]);
  origin.world.away = false;
  assert.deepEqual(await said(), ['the origin can be followed again']);
});

test('what was kept serves after a restart while the origin is away, unless it is damaged', async () => {
  const world = await createFrontEnd();
  await world.publish(1, base);
  await world.follower.refresh(signal);
  world.origin.world.away = true;

  const restarted = { ...world, follower: createFollower(world.deps) };
  await restarted.follower.restore();
  assert.deepEqual(await tagsOf(restarted), await tagsOf(world));

  const kept = world.store.snapshot ?? assert.fail();
  world.store.snapshot = Uint8Array.from(kept, (byte, index) =>
    index === kept.length - 20 ? byte ^ 1 : byte,
  );
  const seen = world.spare.snapshot ?? assert.fail();
  world.spare.snapshot = seen.subarray(0, 100);
  const damaged = createFollower(world.deps);
  await damaged.restore();
  assert.equal(damaged.current(), undefined);

  world.store.snapshot = kept;
  const { digest } = world.follower.current()?.contents.get(base) ?? assert.fail();
  world.store.parts.set(digest, Buffer.from('damage'));
  const half = { ...world, follower: createFollower(world.deps) };
  await half.follower.restore();
  await assert.rejects(tagsOf(half), { code: 'UNAVAILABLE' });
  world.origin.world.away = false;
  assert.equal((await tagsOf(half)).length, 1, 'the damaged piece was fetched again');
});

test('whatever one place has lost, what was seen is not forgotten, and nothing older is followed', async () => {
  const damage = (bytes: Uint8Array) =>
    Uint8Array.from(bytes, (byte, index) => (index === 0 ? byte ^ 1 : byte));
  type World = Awaited<ReturnType<typeof createFrontEnd>>;
  const damageParts = ({ store }: World) => {
    for (const [digest, bytes] of store.parts) store.parts.set(digest, damage(bytes));
  };
  const damages: ((world: World) => void)[] = [
    damageParts,
    ({ store }) => void (store.snapshot = damage(store.snapshot ?? assert.fail())),
    ({ store }) => void (store.snapshot = undefined),
    ({ spare }) => void (spare.snapshot = damage(spare.snapshot ?? assert.fail())),
    (world) => {
      world.store.snapshot = undefined;
      damageParts(world);
    },
  ];
  for (const [index, harm] of damages.entries()) {
    const world = await createFrontEnd();
    await world.publish(1, base);
    const old = world.origin.store.snapshot;
    await world.publish(2, base);
    await world.follower.refresh(signal);
    harm(world);
    world.origin.store.snapshot = old;
    const restarted = createFollower(world.deps);
    await restarted.restore();
    assert.equal(restarted.current()?.snapshot.serial, 2, `damage ${index}`);
    await restarted.refresh(signal);
    assert.equal(restarted.current()?.snapshot.serial, 2, `damage ${index}`);
    assert.match(world.logged.join('\n'), /somebody serves an old copy/);
  }
});

test('what was seen and waits for the tree is not forgotten either', async () => {
  const world = await createFrontEnd();
  await world.publish(1, base);
  const old = world.origin.store.snapshot;
  await world.publish(101, base);
  await world.follower.refresh(signal);
  assert.equal(world.follower.current(), undefined);
  const restarted = createFollower(world.deps);
  await restarted.restore();
  assert.equal(restarted.current(), undefined, 'the tree is not that far');
  const next = world.origin.store.snapshot;
  world.origin.store.snapshot = old;
  await restarted.refresh(signal);
  assert.equal(restarted.current(), undefined);
  world.origin.store.snapshot = next;
  world.tree.serial = 101;
  await restarted.refresh(signal);
  assert.equal(restarted.current()?.snapshot.serial, 101);
});

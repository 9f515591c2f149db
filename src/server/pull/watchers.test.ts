import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as pause } from 'node:timers/promises';
import { createMemoryPublications } from '../../../test/fakes/memory-publications.ts';
import { healthyStates, numberedMirror } from '../../../test/fakes/mirrors.ts';
import type { Mirror } from '../../mirrors/mirror.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { watchMirrors } from './mirror-watcher.ts';
import { createSnapshotWatcher } from './snapshot-watcher.ts';

const repository = parseRepositoryName('fedora/base');
const never = 1_000_000;
const clock = { monotonic: () => 1000 };

function recordingLog() {
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  return { events, log: { debug: note, info: note, warn: note, error: note } };
}

async function publishBlob(
  publications: ReturnType<typeof createMemoryPublications>['publications'],
  name: string,
) {
  await publications.publish({
    tags: [],
    manifests: [],
    blobs: [{ repository, digest: digestOf(name), size: 1 }],
  });
}

test('a publication makes a new snapshot; other commits do not', async () => {
  const { publications, content, stagedImages } = createMemoryPublications();
  const { log } = recordingLog();
  const watcher = createSnapshotWatcher({ content, log, clock, pause: () => pause(), interval: never });
  assert.equal(watcher.current(), undefined);
  await watcher.start();
  const first = watcher.current();
  assert.equal(first?.serial, 0);

  await stagedImages.remove(repository, 'x' as never);
  await watcher.refresh();
  assert.equal(watcher.current(), first);

  await publishBlob(publications, 'one');
  const compiling = watcher.refresh();
  assert.equal(watcher.current(), first, 'the old one stays until the new one is whole');
  await compiling;
  assert.deepEqual(watcher.current()?.findBlob(repository, digestOf('one')), { size: 1, serial: 1 });
  await watcher.stop();
});

test('a failure keeps the old snapshot, is logged, and the next look tries again', async () => {
  const { publications, content } = createMemoryPublications();
  const { log, events } = recordingLog();
  let broken = false;
  const fragile = {
    ...content,
    blobs: () => {
      if (broken) throw new Error('the disk is gone');
      return content.blobs();
    },
  };
  const watcher = createSnapshotWatcher({
    content: fragile,
    log,
    clock,
    pause: () => pause(),
    interval: never,
  });
  await watcher.start();
  const first = watcher.current();
  await publishBlob(publications, 'one');
  broken = true;
  await watcher.refresh();
  assert.equal(watcher.current(), first);
  assert.equal(events.at(-1), 'snapshot not compiled: the old one stays');
  broken = false;
  await watcher.refresh();
  assert.equal(watcher.current()?.serial, 1);
  await watcher.stop();
});

test('the first snapshot must be had', async () => {
  const { content } = createMemoryPublications();
  const { log } = recordingLog();
  const broken = {
    ...content,
    changes: () => {
      throw new Error('no such table');
    },
  };
  const watcher = createSnapshotWatcher({
    content: broken,
    log,
    clock,
    pause: () => pause(),
    interval: never,
  });
  await assert.rejects(watcher.start(), /no such table/);
});

test('mirrors that change, and their health, make a new table', async () => {
  const { log, events } = recordingLog();
  let mirrors: readonly Mirror[] = [numberedMirror(1)];
  let version = 1;
  let broken = false;
  let states = healthyStates(mirrors);
  let changed = () => {};
  const told: (readonly Mirror[])[] = [];
  let maxShare = 1;
  const watcher = await watchMirrors({
    maxShare: () => maxShare,
    registry: {
      version: async () => version,
      list: async () => {
        if (broken) throw new Error('the disk is gone');
        return mirrors;
      },
    },
    health: {
      states: () => states,
      setMirrors: (list) => void told.push(list),
      onChange: (callback) => {
        changed = callback;
      },
    },
    log,
    pause: () => pause(),
    interval: never,
  });
  const first = watcher.current();
  assert.equal(first.mirrors.length, 1);

  version += 1;
  await watcher.refresh();
  assert.equal(watcher.current(), first, 'another commit changed no mirror');

  mirrors = [...mirrors, numberedMirror(2)];
  version += 1;
  broken = true;
  await watcher.refresh();
  assert.equal(watcher.current(), first);
  assert.equal(events.at(-1), 'mirrors not read: the old ones stay');
  broken = false;
  await watcher.refresh();
  assert.equal(watcher.current().mirrors.length, 2);
  assert.equal(told.at(-1)?.length, 2);

  states = healthyStates(mirrors, { healthy: false });
  changed();
  assert.equal(watcher.current().states[1]?.healthy, false);
  maxShare = 0.5;
  await watcher.refresh();
  assert.equal(watcher.current().maxShare, 0.5);
  await watcher.stop();
});

test('while a table is compiled the one before answers, and states that change meanwhile count', async () => {
  const { log } = recordingLog();
  let mirrors: readonly Mirror[] = [numberedMirror(1)];
  let states = healthyStates(mirrors);
  let version = 1;
  let pauses = 0;
  let meanwhile = () => {};
  const watcher = await watchMirrors({
    maxShare: () => 1,
    registry: { version: async () => version, list: async () => mirrors },
    health: { states: () => states, setMirrors: () => {}, onChange: () => {} },
    log,
    pause: async () => {
      pauses += 1;
      meanwhile();
    },
    interval: never,
  });
  const first = watcher.current();
  mirrors = Array.from({ length: 50 }, (_, at) => numberedMirror(at + 1));
  version += 1;
  pauses = 0;
  meanwhile = () => {
    assert.equal(watcher.current(), first);
    states = healthyStates(mirrors, { healthy: false });
  };
  await watcher.refresh();
  assert.ok(pauses >= mirrors.length, `${pauses} pauses`);
  assert.deepEqual(
    watcher.current().states.map((state) => state?.healthy),
    mirrors.map(() => false),
  );
  await watcher.stop();
});

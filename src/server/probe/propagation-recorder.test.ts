import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { PropagationSample } from '../../ports/propagation.ts';
import { createPropagationRecorder } from './propagation-recorder.ts';

function world(count: number) {
  const mirrors: Mirror[] = Array.from({ length: count }, (_, index) => numberedMirror(index + 1));
  const states = new Map<MirrorId, MirrorState>();
  const stored: PropagationSample[] = [];
  const thinned: number[] = [];
  const now = { serial: 0, time: 0, broken: false };
  const errors: string[] = [];
  const create = () =>
    createPropagationRecorder({
      mirrors: () => mirrors,
      states: () => states,
      treeSerial: () => now.serial,
      clock: { now: () => now.time, monotonic: () => now.time },
      log: { debug() {}, info() {}, warn() {}, error: (event) => void errors.push(event) },
      interval: 1_000_000,
      propagation: {
        async add(samples) {
          if (now.broken) throw new Error('the disk is full');
          stored.push(...samples);
        },
        list: async () => stored,
        thin: async () => void thinned.push(now.time),
      },
    });
  return {
    now,
    errors,
    thinned,
    create,
    /** The first `holding` mirrors are at `serial`. */
    hold: (serial: number, holding: number) => {
      for (const { id } of mirrors.slice(0, holding)) {
        states.set(id, { healthy: true, since: 0, serial });
      }
      for (const { id } of mirrors.slice(holding)) {
        if (!states.has(id)) states.set(id, { healthy: false, since: 0, serial: 0 });
      }
    },
    samples: () =>
      stored.map(({ serial, at, holding, mirrors: all }) => `${at}: ${serial} ${holding}/${all}`),
  };
}

test('a publication is followed from the first look at it until all mirrors hold it', async () => {
  const { now, hold, samples, create } = world(4);
  const recorder = create();
  await recorder.start();
  await recorder.look();
  assert.deepEqual(samples(), [], 'nothing is published');
  now.serial = 5;
  hold(4, 4);
  await recorder.look();
  now.time = 10;
  hold(5, 1);
  await recorder.look();
  await recorder.look();
  now.time = 20;
  now.serial = 6;
  hold(6, 2);
  await recorder.look();
  await recorder.stop();
  assert.deepEqual(samples(), ['0: 5 0/4', '10: 5 1/4', '20: 5 2/4', '20: 6 2/4']);

  // What the mirrors hold is not known at first after a restart, and is no news afterwards.
  const again = create();
  await again.start();
  hold(0, 4);
  now.time = 30;
  await again.look();
  hold(6, 2);
  await again.look();
  assert.equal(samples().length, 4);
  hold(6, 4);
  await again.look();
  assert.deepEqual(samples().slice(4), ['30: 5 4/4', '30: 6 4/4']);
  const found = again
    .measurements()
    .flatMap((one) => [...one.read()].map(({ labels, value }) => [...labels, value]));
  assert.deepEqual(found, [[4], ['0', 4], ['1', 0], ['2-9', 0], ['10+', 0], ['unknown', 0]]);
  await again.stop();
});

test('of many mirrors not each one is written, and the last one is', async () => {
  const { now, hold, samples, create } = world(1000);
  const recorder = create();
  await recorder.start();
  now.serial = 1;
  for (let holding = 0; holding <= 1000; holding += 1) {
    hold(1, holding);
    await recorder.look();
  }
  assert.equal(samples().length, 51);
  assert.equal(samples().at(-1), '0: 1 1000/1000');
  await recorder.stop();
});

test('what could not be written is written later', async () => {
  const { now, hold, samples, create, errors } = world(2);
  const recorder = create();
  await recorder.start();
  hold(1, 2);
  now.serial = 1;
  now.broken = true;
  await recorder.look();
  assert.deepEqual([samples(), errors.length], [[], 1]);
  now.broken = false;
  await recorder.look();
  assert.deepEqual(samples(), ['0: 1 2/2']);
  await recorder.stop();
});

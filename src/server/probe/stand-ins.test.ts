import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorId } from '../../mirrors/mirror.ts';
import { StandIns } from './stand-ins.ts';

const ranking = (...ids: number[]) => ids.map((id) => ({ mirror: { id: id as MirrorId } }));

test('stand-ins are those behind the mirror for its latest clients, each once, and the mirror never', () => {
  const standIns = new StandIns();
  assert.deepEqual([...standIns.of(1 as MirrorId)], []);
  standIns.note(ranking(1, 2, 3));
  standIns.note(ranking(1, 3, 4));
  assert.deepEqual([...standIns.of(1 as MirrorId)], [2, 3, 4]);
  for (let client = 0; client < 16; client += 1) standIns.note(ranking(1, 5));
  assert.deepEqual([...standIns.of(1 as MirrorId)], [5], 'what the earlier ones would get does not count');
});

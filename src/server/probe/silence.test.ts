import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Silence } from './silence.ts';

const timeout = 2000;

test('a visit that has heard nothing is overdue after a little more than one time-out, once', () => {
  const silence = new Silence<string>();
  silence.begin('a', 0);
  silence.begin('b', 1);
  silence.begin('c', 0);
  silence.end('c');
  assert.deepEqual(silence.takeOverdue(2499, timeout), []);
  assert.deepEqual(silence.takeOverdue(2500, timeout), ['a']);
  assert.deepEqual(silence.takeOverdue(2500, timeout), []);
  assert.deepEqual(silence.takeOverdue(2501, timeout), ['b']);
});

test('while many mirrors go out, patience is shorter, for visits under way too', () => {
  const silence = new Silence<string>();
  for (let at = 0; at < 7; at += 1) silence.noteOut(1000 + at);
  silence.begin('a', 500);
  assert.deepEqual([silence.isOutage(1500), silence.takeOverdue(1500, timeout)], [false, []]);
  silence.noteOut(1400);
  assert.deepEqual(silence.takeOverdue(1499, timeout), []);
  assert.deepEqual([silence.isOutage(1500), silence.takeOverdue(1500, timeout)], [true, ['a']]);
});

test('many within five seconds count, and not many over a long time', () => {
  const silence = new Silence<string>();
  for (let at = 0; at < 20; at += 1) silence.noteOut(at * 1000);
  assert.equal(silence.isOutage(19_000), false);
  for (let at = 0; at < 8; at += 1) silence.noteOut(20_000);
  assert.equal(silence.isOutage(24_999), true);
  assert.equal(silence.isOutage(25_000), false);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isInWindow } from './time-window.ts';

// 2026-03-02 is a Monday.
const at = (time: string) => Date.parse(`2026-03-${time}:00Z`);
const week = new Set([1, 2, 3, 4, 5]);

test('a window of office hours is open from its first minute to before its last', () => {
  const office = { days: week, from: 8 * 60, to: 18 * 60 };
  for (const time of ['02T08:00', '02T17:59', '06T12:00']) assert.equal(isInWindow(office, at(time)), true);
  for (const time of ['02T07:59', '02T18:00', '07T12:00', '08T12:00']) {
    assert.equal(isInWindow(office, at(time)), false, time);
  }
});

test('a window over midnight belongs to the day that it starts on', () => {
  const night = { days: new Set([5]), from: 22 * 60, to: 2 * 60 };
  for (const time of ['06T22:00', '07T01:59']) assert.equal(isInWindow(night, at(time)), true, time);
  for (const time of ['06T01:00', '06T21:59', '07T02:00', '07T22:30']) {
    assert.equal(isInWindow(night, at(time)), false, time);
  }
});

test('from midnight to midnight is the whole day, Sunday after Saturday', () => {
  const saturday = { days: new Set([6]), from: 0, to: 24 * 60 };
  assert.equal(isInWindow(saturday, at('07T23:59')), true);
  assert.equal(isInWindow(saturday, at('08T00:00')), false);
  const late = { days: new Set([6]), from: 23 * 60, to: 60 };
  assert.equal(isInWindow(late, at('08T00:59')), true);
});

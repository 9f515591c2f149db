import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorId } from '../mirrors/mirror.ts';
import { MirrorNews } from './mirror-news.ts';

const id = 1 as MirrorId;
const settings = { settle: 30, quiet: 600 };
const states = (healthy: boolean, since: number) => new Map([[id, { healthy, since, serial: 1 }]]);
const known = new Map([[id, { healthy: true }]]);

test('a mirror that stays out is told of once, and once when it is back', () => {
  const news = new MirrorNews(settings, known);
  assert.deepEqual(news.look(states(true, 0), 1000), []);
  assert.deepEqual(news.look(states(false, 1000), 1029), []);
  assert.equal(news.look(states(false, 1000), 1030).length, 1);
  assert.deepEqual(news.look(states(false, 1000), 9000), []);
  assert.deepEqual(
    news.look(states(true, 9000), 9030).map(({ state }) => state.healthy),
    [true],
  );
});

test('a mirror that goes out and comes back at once is not told of', () => {
  const news = new MirrorNews(settings, known);
  for (let now = 0; now < 3000; now += 20) {
    assert.deepEqual(news.look(states(now % 40 === 0, now), now + 19), []);
  }
});

test('a mirror that is in and out for a while each is told of seldom, and rightly in the end', () => {
  const news = new MirrorNews(settings, known);
  const told: boolean[] = [];
  for (let now = 0; now < 3000; now += 50) {
    told.push(...news.look(states((now / 50) % 2 === 1, now), now + 49).map(({ state }) => state.healthy));
  }
  assert.ok(told.length <= 3000 / 600 + 1, `told ${told.length} times`);
  const last = told.at(-1);
  assert.deepEqual(
    news.look(states(last === false, 3000), 9000).map(({ state }) => state.healthy),
    [last === false],
  );
});

test('a new mirror is no news, nor is a start of the server', () => {
  const news = new MirrorNews(settings, new Map());
  assert.deepEqual(news.look(states(false, 0), 100), []);
  assert.equal(news.look(states(true, 100), 200).length, 1);
  const restarted = new MirrorNews(settings, known);
  assert.deepEqual(restarted.look(states(false, 0), 10), []);
  assert.deepEqual(restarted.look(states(true, 10), 100), []);
});

test('a mirror that was removed is forgotten', () => {
  const news = new MirrorNews(settings, known);
  assert.deepEqual(news.look(new Map(), 0), []);
  assert.deepEqual(news.look(states(false, 0), 100), []);
});

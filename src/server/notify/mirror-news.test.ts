import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorId } from '../../mirrors/mirror.ts';
import { MirrorNews } from './mirror-news.ts';

const id = 1 as MirrorId;
const settings = { settle: 30, quiet: 600 };
/** Times are told from here on. */
const start = 1_700_000_000_000;
const states = (healthy: boolean, since: number) =>
  new Map([[id, { healthy, since: start + since, serial: 1 }]]);
const known = new Map([[id, { healthy: true, at: 0 }]]);

/** What is told: whether each mirror is in. */
function look(news: MirrorNews, seen: ReturnType<typeof states>, now: number): readonly boolean[] {
  return news.look(seen, start + now).news.map(({ state }) => state.healthy);
}

test('a mirror that stays out is told of once, and once when it is back', () => {
  const news = new MirrorNews(settings, known);
  assert.deepEqual(look(news, states(true, 0), 1000), []);
  assert.deepEqual(look(news, states(false, 1000), 1029), []);
  assert.deepEqual(look(news, states(false, 1000), 1030), [false]);
  assert.deepEqual(look(news, states(false, 1000), 9000), []);
  assert.deepEqual(look(news, states(true, 9000), 9030), [true]);
});

test('a mirror that goes out and comes back at once is not told of', () => {
  const news = new MirrorNews(settings, known);
  for (let now = 0; now < 3000; now += 20) {
    assert.deepEqual(look(news, states(now % 40 === 0, now), now + 19), []);
  }
});

test('a mirror that is in and out for a while each is told of seldom, and rightly in the end', () => {
  const news = new MirrorNews(settings, known);
  const told: boolean[] = [];
  for (let now = 0; now < 3000; now += 50) {
    told.push(...look(news, states((now / 50) % 2 === 1, now), now + 49));
  }
  assert.ok(told.length <= 3000 / 600 + 1, `told ${told.length} times`);
  const last = told.at(-1);
  assert.deepEqual(look(news, states(last === false, 3000), 9000), [last === false]);
});

test('a new mirror is no news, but is written down, so that after a restart its going out is', () => {
  const news = new MirrorNews(settings, new Map());
  const found = news.look(states(true, 0), start + 100);
  assert.deepEqual(found, { news: [], told: new Map([[id, { healthy: true, at: 0 }]]) });
  assert.deepEqual(news.look(states(true, 0), start + 200), { news: [], told: new Map() });
  const restarted = new MirrorNews(settings, found.told);
  assert.deepEqual(look(restarted, states(false, 200), 230), [false]);
});

test('what was told before a restart is not told again, and not too soon taken back', () => {
  const news = new MirrorNews(settings, known);
  const { told } = news.look(states(false, 0), start + 100);
  assert.deepEqual(told, new Map([[id, { healthy: false, at: start + 100 }]]));
  const restarted = new MirrorNews(settings, told);
  assert.deepEqual(look(restarted, states(false, 0), 200), []);
  assert.deepEqual(look(restarted, states(true, 300), 699), []);
  assert.deepEqual(look(restarted, states(true, 300), 700), [true]);
});

test('a mirror that was removed is forgotten', () => {
  const news = new MirrorNews(settings, known);
  assert.deepEqual(look(news, new Map(), 0), []);
  assert.deepEqual(look(news, states(false, 0), 100), []);
});

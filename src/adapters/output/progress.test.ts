import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgressBar } from './progress-bar.ts';
import { createProgressEvents, createProgressLines } from './progress-lines.ts';
import { formatBytes, formatDuration } from '../../text/quantity.ts';

const mebibyte = 1024 ** 2;
const label = `sha256:${'0123456789abcdef'.repeat(4)}`;

function createTime() {
  const time = { value: 0, monotonic: () => time.value };
  return time;
}

test('the bar shows how far everything together is, how fast, and how long still', () => {
  const time = createTime();
  let shown = '';
  const bar = createProgressBar({ columns: 200, write: (text) => (shown = text) }, time);
  bar.start('a', 10 * mebibyte);
  bar.start('b', 10 * mebibyte);
  time.value = 1000;
  bar.advance('a', 5 * mebibyte);
  assert.match(
    shown,
    /^\r\[######-{18}\] {2}25% {2}5\.0 MiB of 20\.0 MiB {2}0 of 2 done {2}5\.0 MiB\/s {2}0:03 left/,
  );
  bar.finish('a', 'resumed');
  assert.match(shown, / 50% .* 1 of 2 done/);
  bar[Symbol.dispose]();
  assert.equal(shown, '\r\u001B[K');
});

test('the bar is drawn ten times a second at most and never wraps', () => {
  const time = createTime();
  const drawn: string[] = [];
  const bar = createProgressBar({ columns: 30, write: (text) => drawn.push(text) }, time);
  bar.start('a', 1000);
  for (time.value = 0; time.value < 1000; time.value++) bar.advance('a', 1);
  assert.equal(drawn.length, 10);
  for (const line of drawn) assert.ok(line.length <= 1 + 29 + 3, line);
});

test('a copy that starts again does not show more than there is', () => {
  const time = createTime();
  let shown = '';
  const bar = createProgressBar({ write: (text) => (shown = text) }, time);
  bar.start('a', 100);
  bar.advance('a', 60);
  bar.advance('a', -60);
  bar.advance('a', 100);
  bar.finish('a');
  bar.finish('a');
  assert.match(shown, /100% {2}100 B of 100 B {2}1 of 1 done/);
});

test('a log gets a line for each thing that is finished, and few others', () => {
  const time = createTime();
  const lines: string[] = [];
  const progress = createProgressLines((line) => lines.push(line), time);
  progress.start(label, 100 * mebibyte);
  for (time.value = 0; time.value < 25_000; time.value += 100) progress.advance(label, 1024);
  progress.finish(label, 'resumed');
  assert.equal(lines.length, 3);
  assert.match(lines[0] ?? '', /^101 KiB of 100 MiB, 10\.1 KiB\/s, 2:48:\d\d left$/);
  assert.equal(lines[2], '1/1 0123456789ab resumed');
});

test('programs get a JSON document a line', () => {
  const time = createTime();
  const lines: string[] = [];
  const progress = createProgressEvents((line) => lines.push(line), time);
  progress.start(label, 100);
  for (time.value = 0; time.value < 2500; time.value += 100) progress.advance(label, 4);
  progress.finish(label, 'resumed');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      { event: 'start', label, bytes: 100 },
      { event: 'progress', label, done: 44, bytes: 100 },
      { event: 'progress', label, done: 84, bytes: 100 },
      { event: 'finish', label, bytes: 100, note: 'resumed' },
    ],
  );
});

test('sizes and times are written for people', () => {
  assert.deepEqual([0, 1023, 1024, 1536 * 1024, 200 * mebibyte, 5e15].map(formatBytes), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '1.5 MiB',
    '200 MiB',
    '4547 TiB',
  ]);
  assert.deepEqual([0, 65_000, 7_265_000].map(formatDuration), ['0:00', '1:05', '2:01:05']);
});

import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createCountLine } from './count-line.ts';

function createTerminal(isTTY: boolean) {
  const written: string[] = [];
  const stderr = new Writable({
    decodeStrings: false,
    write(text: string, _encoding, done) {
      written.push(text);
      done();
    },
  });
  return { written, terminal: { screen: Object.assign(stderr, { isTTY }) } };
}

test('a terminal is told how many are done, and the line is gone in the end', () => {
  const { terminal, written } = createTerminal(true);
  const tell = createCountLine(terminal, 'signatures');
  for (const done of [1, 2, 3]) tell(done, 3);
  assert.deepEqual(written, ['\r1 of 3 signatures\u001B[K', '\r2 of 3 signatures\u001B[K', '\r\u001B[K']);
});

test('of many, a thousand lines are written at most', () => {
  const { terminal, written } = createTerminal(true);
  const tell = createCountLine(terminal, 'files placed');
  for (let done = 1; done <= 123_456; done += 1) tell(done, 123_456);
  assert.ok(written.length > 900 && written.length <= 1001, String(written.length));
});

test('where nobody looks, nothing is written', () => {
  const { terminal, written } = createTerminal(false);
  createCountLine(terminal, 'signatures')(1, 3);
  assert.deepEqual(written, []);
});

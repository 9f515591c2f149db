import assert from 'node:assert/strict';
import { test } from 'node:test';
import { numberedMirror } from '../../../test/fakes/mirrors.ts';
import { describeStatus } from './describe-mirror.ts';

test('a mirror that is in, and of which something is not right, is marked', () => {
  const mirror = numberedMirror(1);
  const state = { healthy: true, since: 0, serial: 7 };
  const url = { url: 'https://a.example', reachable: true, ipv4: true };
  const silent = { ...url, reachable: false, reason: 'timeout' };
  assert.equal(describeStatus(mirror, { ...state, urls: [url] }), 'healthy, at 7');
  assert.equal(describeStatus(mirror, { ...state, urls: [url, silent] }), 'healthy, at 7, partly out');
  assert.equal(describeStatus(mirror, { ...state, warning: 'x' }), 'healthy, at 7, with a warning');
  assert.equal(
    describeStatus(mirror, { ...state, healthy: false, reason: 'gone', urls: [silent] }),
    'down: gone',
  );
  assert.equal(
    describeStatus(numberedMirror(2, { enabled: false }), { ...state, urls: [silent] }),
    'disabled',
  );
});

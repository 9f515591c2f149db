import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesBetween } from './mirror-events.ts';
import { newMirrorHealth } from './mirror-state.ts';

const url = 'https://one.example.org';
const out = newMirrorHealth(0);
const up = { ...out, healthy: true, serial: 7 };
const kinds = (...states: Parameters<typeof changesBetween>) =>
  changesBetween(...states).map(({ kind }) => kind);

test('going out and coming in are told, with the reason', () => {
  assert.deepEqual(changesBetween(up, { ...up, healthy: false, reason: 'timeout: no answer' }), [
    { kind: 'out', detail: 'timeout: no answer' },
  ]);
  assert.deepEqual(kinds(out, up), ['in']);
  assert.deepEqual(kinds(up, { ...up, serial: 8 }), []);
});

test('wrong bytes are told once, whether the mirror was in or not', () => {
  const wrong = { ...out, reason: 'wrong-bytes: x', needs: 'full-check' as const };
  assert.deepEqual(kinds(up, wrong), ['wrong-bytes']);
  assert.deepEqual(kinds(out, wrong), ['wrong-bytes']);
  assert.deepEqual(kinds(wrong, { ...wrong, reason: 'wrong-bytes: y' }), []);
});

test('a part that breaks is told once, whatever its reasons, and so is that all is well', () => {
  const part = (reason: string) => ({
    ...up,
    urls: [{ url, reachable: true, ipv4: true, ipv6: false, reason }],
  });
  const whole = { ...up, urls: [{ url, reachable: true, ipv4: true, ipv6: true }] };
  assert.deepEqual(changesBetween(whole, part('timeout')), [
    { kind: 'partly-out', detail: `${url} over IPv6: timeout` },
  ]);
  assert.deepEqual(kinds(part('timeout'), part('refused')), []);
  assert.deepEqual(kinds(part('timeout'), whole), ['whole']);
});

test('a certificate that ends soon is told once, and a new one that does again', () => {
  const ending = (expires: number, soon: boolean) => ({ ...up, certificate: { expires, soon } });
  assert.deepEqual(kinds(up, ending(5, false)), []);
  assert.deepEqual(kinds(up, ending(5, true)), ['certificate']);
  assert.deepEqual(kinds(ending(5, false), ending(5, true)), ['certificate']);
  assert.deepEqual(kinds(ending(5, true), ending(5, true)), []);
  assert.deepEqual(kinds(ending(5, true), ending(6, true)), ['certificate']);
});

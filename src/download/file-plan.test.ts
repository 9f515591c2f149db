import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignpostError } from '../oci/errors.ts';
import type { ContentSource } from '../ports/content-source.ts';
import { FilePlan } from './file-plan.ts';
import { SourcePool } from './source-pool.ts';

function createWorld({ isResumed = false } = {}) {
  const avoided: string[] = [];
  const createSource = (name: string): ContentSource => ({
    name,
    open: () => Promise.reject(new Error('nobody opens anything here')),
    avoid: (host) => void avoided.push(`${name} ${host}`),
  });
  const pool = new SourcePool(['origin', 'one', 'two'].map(createSource));
  return { pool, avoided, plan: new FilePlan(pool, { path: 'v2/a/blobs/x' }, isResumed) };
}

test('a mirror that sent all of a file with another digest is asked for nothing more', () => {
  const { pool, plan } = createWorld();
  const first = plan.next();
  assert.equal(first.isOrigin, false);
  plan.sending(first, undefined);
  plan.blame(first, undefined);
  assert.match(first.left ?? '', /it sent wrong bytes for v2\/a\/blobs\/x/);
  assert.notEqual(plan.next(), first);
  assert.equal(pool.isEmpty(), false);
});

test('of several senders nobody is blamed: the next one sends everything, and is then known', () => {
  const { plan } = createWorld({ isResumed: true });
  const first = plan.next();
  plan.sending(first, undefined);
  plan.blame(first, undefined);
  assert.equal(first.left, undefined);
  plan.sending(first, undefined);
  plan.blame(first, undefined);
  assert.notEqual(first.left, undefined);
});

test('bytes that were thrown away blame nobody', () => {
  const { plan } = createWorld();
  const [first, second] = [plan.next(), plan.next()];
  plan.sending(first, undefined);
  plan.restarted();
  plan.sending(second, undefined);
  plan.blame(second, undefined);
  assert.notEqual(second.left, undefined);
});

test('where a source has sent the request on is left before the source itself', () => {
  const { plan, avoided } = createWorld();
  const first = plan.next();
  const wrong = { kind: 'wrong', detail: '404', via: 'mirror.example.org' } as const;
  assert.equal(plan.failed(first, wrong), 0);
  assert.deepEqual(avoided, [`${first.source.name} mirror.example.org`]);
  assert.equal(plan.next(), first);
  assert.equal(plan.failed(first, wrong), 0);
  assert.notEqual(plan.next(), first);
});

test('a source that may do better is asked again, later and later, and not for ever', () => {
  const { plan } = createWorld();
  const again = { kind: 'again', detail: 'connection reset', via: undefined } as const;
  const waits = Array.from({ length: 5 }, () => plan.failed(plan.next(), again));
  assert.deepEqual(waits, [200, 400, 600, 800, 1000]);
  assert.throws(() => plan.failed(plan.next(), again), /v2\/a\/blobs\/x: .*connection reset/);
});

test('when nobody is left, the error tells a wrong file at the origin from one that cannot be had', () => {
  for (const [isContent, code] of [
    [undefined, 'UNAVAILABLE'],
    [true, 'DIGEST_MISMATCH'],
  ] as const) {
    const { plan } = createWorld();
    const outcome = { kind: 'wrong', detail: 'not there', via: undefined } as const;
    for (let asked = 0; asked < 3; asked += 1) {
      plan.failed(plan.next(), isContent === undefined ? outcome : { ...outcome, isContent });
    }
    assert.throws(
      () => plan.next(),
      (error) => isSignpostError(error, code),
    );
  }
});

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { startRegistry } from '../../../test/conformance/registry-under-test.ts';

const blob = Buffer.alloc(100_000, 'x');

async function* broken() {
  yield blob.subarray(0, 4096);
  throw await Promise.resolve(new Error('the disk went away'));
}

test('an answer that breaks off ends the connection, so that nobody takes it for whole, and is logged', async () => {
  await using registry = await startRegistry({
    openBlob: () => Promise.resolve({ size: blob.length, stream: Readable.from(broken()) }),
  });
  const digest = await registry.publishBlob('fedora/base', blob);
  await assert.rejects(registry.ask(`/v2/fedora/base/blobs/${digest}`), /aborted|ECONNRESET|socket hang up/);
  const ended = registry.lines.filter(({ event }) => event === 'request');
  assert.equal(ended.length, 1);
  assert.equal(ended[0]?.fields.outcome, 'from-origin-without-mirror');
  const told = registry.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(
    told.map(({ event, fields }) => [event, fields.kind, (fields.error as Error).message]),
    [['answer broken off', 'blob', 'the disk went away']],
  );
});

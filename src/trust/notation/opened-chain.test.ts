import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestChain } from '../../../test/fakes/signing-certificates.ts';
import { createChainMemory, openChain } from './opened-chain.ts';

const now = Date.UTC(2026, 5, 1);

test('a chain that was met is not read again, and another one is', async () => {
  const open = createChainMemory();
  const { certificates } = await createTestChain(now, {}, {});
  const first = open(certificates);
  assert.equal(first.unfit, undefined);
  assert.equal(open(certificates.map((der) => Uint8Array.from(der))), first);
  // The same certificates in another order, or one of them alone, are another chain.
  assert.match(open(certificates.toReversed()).unfit ?? '', /was not issued by/);
  assert.match(open(certificates.slice(0, 1)).unfit ?? '', /is not self-signed/);
  assert.equal(open(certificates), first);
});

test('only the chains that were met last are remembered', async () => {
  const open = createChainMemory();
  const { certificates } = await createTestChain(now, {}, {});
  const first = open(certificates);
  const [leaf, root] = certificates;
  assert.ok(leaf !== undefined && root !== undefined);
  const others = Array.from({ length: 64 }, (_, index) => [
    leaf,
    ...Array.from({ length: index + 1 }, () => root),
    leaf,
  ]);
  for (const other of others.slice(0, 63)) open(other);
  assert.equal(open(certificates), first);
  for (const other of others) open(other);
  assert.notEqual(open(certificates), first);
  assert.deepEqual(openChain(certificates).unfit, undefined);
});

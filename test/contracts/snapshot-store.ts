import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import type { SnapshotStore } from '../../src/ports/snapshot-store.ts';

/** A store, and a way to damage one of its pieces. */
export interface DamageableStore {
  readonly store: SnapshotStore;
  damage(this: void, digest: string): Promise<void>;
}

/** What every snapshot store does. `create` makes an empty one. */
export function snapshotStoreContract(name: string, create: () => Promise<DamageableStore>): void {
  const bytes = Buffer.from('a piece');
  const part = { digest: digestOf(bytes), size: bytes.length };
  const other = Buffer.from('another piece');
  const otherPart = { digest: digestOf(other), size: other.length };

  test(`${name}: an empty store has nothing`, async () => {
    const { store } = await create();
    assert.equal(await store.readSnapshot(), undefined);
    assert.equal(await store.readPart(part), undefined);
    await store.tidy(new Set(), 0);
  });

  test(`${name}: what is written is read again, and replaced`, async () => {
    const { store } = await create();
    await store.writeSnapshot(Buffer.from('one'));
    await store.writeSnapshot(Buffer.from('two'));
    assert.deepEqual(Buffer.from((await store.readSnapshot()) ?? ''), Buffer.from('two'));
    await store.writePart(part, bytes);
    await store.writePart(part, bytes);
    assert.deepEqual(Buffer.from((await store.readPart(part)) ?? ''), bytes);
  });

  test(`${name}: a damaged piece is none, and can be written again`, async () => {
    const { store, damage } = await create();
    await store.writePart(part, bytes);
    await damage(part.digest);
    assert.equal(await store.readPart(part), undefined);
    await store.writePart(part, bytes);
    assert.deepEqual(Buffer.from((await store.readPart(part)) ?? ''), bytes);
  });

  test(`${name}: tidying removes old pieces that nobody keeps, and nothing else`, async () => {
    const { store } = await create();
    await store.writeSnapshot(Buffer.from('one'));
    await store.writePart(part, bytes);
    await store.writePart(otherPart, other);
    await store.tidy(new Set([part.digest]), -1000);
    assert.ok(await store.readPart(part));
    assert.equal(await store.readPart(otherPart), undefined);
    assert.ok(await store.readSnapshot());
  });
}

import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { isSignpostError } from '../../src/oci/errors.ts';
import type { SnapshotOffer } from '../../src/ports/snapshot-offer.ts';
import { type SnapshotStore, partLimit } from '../../src/ports/snapshot-store.ts';

/** What is offered of a store, and a way to make one of its pieces longer than any may be. */
export interface OfferedStore {
  readonly store: SnapshotStore;
  readonly offer: SnapshotOffer;
  overfill(this: void, digest: string): Promise<void>;
}

/** What every snapshot offer does. `create` makes an empty one. */
export function snapshotOfferContract(name: string, create: () => Promise<OfferedStore>): void {
  // More than one reading, and not a whole number of them.
  const bytes = Buffer.alloc(700_000, 'piece ');
  const part = { digest: digestOf(bytes), size: bytes.length };

  test(`${name}: offers what the store was given, byte for byte`, async () => {
    const { store, offer } = await create();
    assert.equal(await offer.readSnapshot(), undefined);
    assert.equal(await offer.findPart(part.digest), undefined);
    await store.writePart(part, bytes);
    await store.writeSnapshot(Buffer.from('sealed'));
    assert.deepEqual(Buffer.from((await offer.readSnapshot()) ?? ''), Buffer.from('sealed'));
    const found = await offer.findPart(part.digest);
    assert.equal(found?.size, bytes.length);
    assert.ok((await buffer(Readable.from(found.content))).equals(bytes));
    assert.equal(await offer.findPart(digestOf('another')), undefined);
  });

  test(`${name}: does not offer what is too long to be a piece`, async () => {
    const { store, offer, overfill } = await create();
    await store.writePart(part, bytes);
    await overfill(part.digest);
    await assert.rejects(
      offer.findPart(part.digest),
      (error) => isSignpostError(error, 'LIMIT_EXCEEDED') && error.message.includes(String(partLimit)),
    );
  });
}

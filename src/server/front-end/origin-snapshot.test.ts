import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSealPair } from '../../../test/fakes/seal-pair.ts';
import { digestOf } from '../../oci/digest.ts';
import {
  type OriginSnapshot,
  formatSnapshot,
  openSnapshot,
  sealSnapshot,
  snapshotMessage,
} from './origin-snapshot.ts';

const snapshot: OriginSnapshot = {
  sequence: 7,
  created: 1_700_000_000_000,
  serial: 3,
  mirrors: { digest: digestOf('mirrors'), size: 7 },
  contents: { digest: digestOf('contents'), size: 8 },
};
const pair = await createSealPair();

async function seal(body: Uint8Array, signer = pair.signer): Promise<Uint8Array> {
  return sealSnapshot(body, await signer.seal(snapshotMessage(body)));
}

test('a sealed snapshot is read again', async () => {
  assert.deepEqual(openSnapshot(await seal(formatSnapshot(snapshot)), pair.key), snapshot);
});

test('no flipped bit is read, and nothing that is cut off', async () => {
  const file = await seal(formatSnapshot(snapshot));
  fc.assert(
    fc.property(fc.nat(file.length * 8 - 1), (bit) => {
      const changed = Uint8Array.from(file);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.throws(() => openSnapshot(changed, pair.key));
    }),
  );
  for (let length = 0; length < file.length; length += 1) {
    assert.throws(() => openSnapshot(file.subarray(0, length), pair.key));
  }
});

test('one that another key sealed is TRUST, and so is what the key sealed for another purpose', async () => {
  const body = formatSnapshot(snapshot);
  const stranger = await createSealPair();
  const byStranger = await seal(body, stranger.signer);
  assert.throws(() => openSnapshot(byStranger, pair.key), { code: 'TRUST', message: /another key/ });
  const otherPurpose = sealSnapshot(body, await pair.signer.seal(body));
  assert.throws(() => openSnapshot(otherPurpose, pair.key), { code: 'TRUST', message: /changed|damaged/ });
});

test('what is sealed and is no snapshot is refused', async () => {
  const bodies = [
    '{}',
    'null',
    'x',
    JSON.stringify({ ...snapshot, sequence: 0 }),
    JSON.stringify({ ...snapshot, more: 1 }),
    JSON.stringify({ ...snapshot, mirrors: { digest: 'sha256:x', size: 1 } }),
    JSON.stringify({ ...snapshot, contents: { ...snapshot.contents, size: 2 ** 40 } }),
    `{"sequence":8,${JSON.stringify(snapshot).slice(1)}`,
  ];
  for (const body of bodies) {
    const file = await seal(Buffer.from(body));
    assert.throws(() => openSnapshot(file, pair.key), { code: 'REQUEST_INVALID' }, body);
  }
});

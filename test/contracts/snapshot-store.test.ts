import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { createFileSnapshotOffer } from '../../src/adapters/front-end/file-snapshot-offer.ts';
import { createFileSnapshotStore } from '../../src/adapters/front-end/file-snapshot-store.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { isSignpostError } from '../../src/oci/errors.ts';
import { partLimit } from '../../src/ports/snapshot-store.ts';
import { createMemorySnapshotStore } from '../fakes/memory-snapshot-store.ts';
import { snapshotOfferContract } from './snapshot-offer.ts';
import { snapshotStoreContract } from './snapshot-store.ts';

const folders: string[] = [];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-snapshot-'));
  folders.push(folder);
  return folder;
}

snapshotStoreContract('memory', async () => {
  const store = createMemorySnapshotStore();
  return {
    store,
    async damage(digest) {
      for (const [name, bytes] of store.parts) if (name === digest) bytes[0] = (bytes[0] ?? 0) ^ 1;
    },
  };
});

snapshotStoreContract('files', async () => {
  const folder = await createFolder();
  return {
    store: createFileSnapshotStore(folder),
    async damage(digest) {
      const bytes = await readFile(join(folder, 'parts', digest));
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      await writeFile(join(folder, 'parts', digest), bytes);
    },
  };
});

snapshotOfferContract('memory', async () => {
  const store = createMemorySnapshotStore();
  return {
    store,
    offer: store,
    async overfill(digest) {
      for (const name of store.parts.keys()) {
        if (name === digest) store.parts.set(name, new Uint8Array(partLimit + 1));
      }
    },
  };
});

snapshotOfferContract('files', async () => {
  const folder = await createFolder();
  return {
    store: createFileSnapshotStore(folder),
    offer: createFileSnapshotOffer(folder),
    overfill: (digest) => truncate(join(folder, 'parts', digest), partLimit + 1),
  };
});

test('files: a piece is not opened before it is read, and the reading ends where it was cut off', async () => {
  const folder = await createFolder();
  const offer = createFileSnapshotOffer(folder);
  const bytes = Buffer.alloc(600_000);
  const part = { digest: digestOf(bytes), size: bytes.length };
  await createFileSnapshotStore(folder).writePart(part, bytes);
  const found = await offer.findPart(part.digest);
  await truncate(join(folder, 'parts', part.digest), 300_000);
  await assert.rejects(
    () => buffer(Readable.from(found?.content ?? [])),
    (error) => isSignpostError(error, 'STORAGE') && /shorter than it was/.test(error.message),
  );
});

test('files: young pieces stay, for whoever is fetching them', async () => {
  const store = createFileSnapshotStore(await createFolder());
  const bytes = Buffer.from('a piece');
  const part = { digest: digestOf(bytes), size: bytes.length };
  await store.writePart(part, bytes);
  await store.tidy(new Set(), 60_000);
  assert.ok(await store.readPart(part));
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createFileSnapshotStore } from '../../src/adapters/front-end/file-snapshot-store.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { createMemorySnapshotStore } from '../fakes/memory-snapshot-store.ts';
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

test('files: young pieces stay, for whoever is fetching them', async () => {
  const store = createFileSnapshotStore(await createFolder());
  const bytes = Buffer.from('a piece');
  const part = { digest: digestOf(bytes), size: bytes.length };
  await store.writePart(part, bytes);
  await store.tidy(new Set(), 60_000);
  assert.ok(await store.readPart(part));
});

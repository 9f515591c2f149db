import type { OfferedMirror } from '../../src/front-end/mirrors-part.ts';
import { formatMirrorsPart } from '../../src/front-end/mirrors-part.ts';
import { offerSnapshot } from '../../src/front-end/offer-snapshot.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type { RepositoryContent, RepositoryContents } from '../../src/ports/repository-contents.ts';
import type { SnapshotSource } from '../../src/ports/snapshot-source.ts';
import { createMemorySnapshotStore } from './memory-snapshot-store.ts';
import { createSealPair } from './seal-pair.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** An origin that offers what the test puts into it, and can be cut off. */
export async function createOfferedWorld() {
  const pair = await createSealPair();
  const repositories = new Map<RepositoryName, RepositoryContent & { readonly serial: number }>();
  const store = createMemorySnapshotStore();
  const reads: RepositoryName[] = [];
  const world = { serial: 0, away: false, now: 1_700_000_000_000, mirrors: [] as OfferedMirror[] };
  const contents: RepositoryContents = {
    version: () => Promise.resolve(world.serial),
    serials: () =>
      Promise.resolve({
        serial: world.serial,
        repositories: new Map([...repositories].map(([name, { serial }]) => [name, serial])),
      }),
    read: async (name) => {
      reads.push(name);
      return repositories.get(name) ?? { tags: [], manifests: [], blobs: [] };
    },
  };
  const asked: string[] = [];
  const source: SnapshotSource = {
    async fetchSnapshot(etag) {
      asked.push('snapshot');
      const file = store.snapshot;
      if (world.away || file === undefined) throw new SignpostError('UNAVAILABLE', 'the origin is away');
      const current = String(file.length) + Buffer.from(file).toString('base64').slice(-40, -4);
      return etag === current ? 'unchanged' : { file, etag: current };
    },
    async fetchPart({ digest }) {
      asked.push(digest);
      const bytes = store.parts.get(digest);
      if (world.away || bytes === undefined) throw new SignpostError('UNAVAILABLE', 'the origin is away');
      return bytes;
    },
  };
  return {
    ...pair,
    world,
    store,
    source,
    asked,
    reads,
    repositories,
    contents,
    offer: () =>
      offerSnapshot({
        contents,
        mirrors: () => Promise.resolve(formatMirrorsPart(world.mirrors)),
        store,
        signer: pair.signer,
        clock: { now: () => (world.now += 1000) },
        log: silent,
      }),
  };
}

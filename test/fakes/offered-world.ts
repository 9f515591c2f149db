import type { OfferedMirror } from '../../src/server/front-end/mirrors-part.ts';
import { formatMirrorsPart } from '../../src/server/front-end/mirrors-part.ts';
import { offerSnapshot } from '../../src/server/front-end/offer-snapshot.ts';
import type { RepositoryContent } from '../../src/server/front-end/repository-part.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type { PublishedContent } from '../../src/ports/publications.ts';
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
  async function* rows<T>(
    names: readonly RepositoryName[] | undefined,
    choose: (content: RepositoryContent) => readonly T[],
  ): AsyncGenerator<readonly T[]> {
    for (const [name, content] of repositories) if (names?.includes(name) !== false) yield choose(content);
  }
  const content: Omit<PublishedContent, 'version'> = {
    changes: (since) =>
      Promise.resolve({
        serial: world.serial,
        repositories: new Map(
          [...repositories]
            .map(([name, { serial }]) => [name, serial] as const)
            .filter(([, serial]) => serial > since),
        ),
      }),
    tags(names) {
      reads.push(...(names ?? []));
      return rows(names, ({ tags }) => tags);
    },
    manifests: (names) => rows(names, ({ manifests }) => manifests),
    blobs: (names) => rows(names, ({ blobs }) => blobs),
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
    content,
    offer: () =>
      offerSnapshot({
        content,
        mirrors: () => Promise.resolve(formatMirrorsPart(world.mirrors)),
        store,
        signer: pair.signer,
        clock: { now: () => (world.now += 1000) },
        log: silent,
      }),
  };
}

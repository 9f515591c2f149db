import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedBlob, PublishedContent } from '../../ports/publications.ts';
import { EvenSample } from './even-sample.ts';
import { NewestSample } from './newest-sample.ts';
import { type PublishedRepository, PublishedRepositoryBuilder } from './published-repository.ts';
import { RepositoryTable } from './repository-table.ts';
import { RoutingSnapshot } from './routing-snapshot.ts';

const sampleLimit = 8192;
const newestLimit = 1024;
/** How many repositories are read together. */
const repositoriesAtOnce = 128;

/**
 * Brings a snapshot up to date: what publications have changed since `before` is compiled, and the rest shared with it.
 * It works in pieces; `pause` is awaited after each, of a millisecond or less, and gives the event loop its turn when it
 * sees fit.
 * @param before undefined for the first snapshot, which reads everything
 * @returns `before` itself when nothing has been published since
 * @throws SignpostError STORAGE
 */
export async function compileSnapshot(
  content: PublishedContent,
  before: RoutingSnapshot | undefined,
  pause: () => Promise<void>,
): Promise<RoutingSnapshot> {
  const { serial, repositories: changed } = await content.changes(before?.serial ?? 0);
  if (serial === before?.serial) return before;
  // The database was put back to an earlier state: nothing of what is known counts.
  if (before !== undefined && serial < before.serial) return compileSnapshot(content, undefined, pause);

  const table = before?.parts.repositories ?? RepositoryTable.empty;
  const change = table.change();
  const mediaTypes = before?.parts.mediaTypes ?? [];
  const counts = { ...(before?.counts ?? { repositories: 0, tags: 0, manifests: 0, blobs: 0 }) };
  const samples = before?.parts.samples.copy() ?? new EvenSample<PublishedBlob>(sampleLimit);
  const newest = before?.parts.newest.copy() ?? new NewestSample<PublishedBlob>(newestLimit);
  const onBlob = (blob: PublishedBlob) => {
    // A later publication than this snapshot's is counted when its turn comes.
    if (blob.serial <= (before?.serial ?? 0) || blob.serial > serial) return;
    samples.offer(blob);
    newest.offer(blob);
  };

  for (const names of inGroups(changed.keys(), repositoriesAtOnce)) {
    const builders = new Map(names.map((name) => [name, new PublishedRepositoryBuilder(mediaTypes)]));
    await readRepositories(content, builders, onBlob, pause);
    for (const [name, builder] of builders) {
      const earlier = table.get(name);
      const repository = builder.build(earlier);
      change.set(name, repository);
      count(counts, repository, 1);
      if (earlier !== undefined) count(counts, earlier, -1);
      await pause();
    }
  }
  return new RoutingSnapshot({ serial, counts, repositories: change.done(), mediaTypes, samples, newest });
}

/**
 * Tags are read before what they lead to, so that a publication in the middle adds content that nothing names yet, never
 * a tag that leads nowhere.
 */
async function readRepositories(
  content: PublishedContent,
  builders: ReadonlyMap<RepositoryName, PublishedRepositoryBuilder>,
  onBlob: (blob: PublishedBlob) => void,
  pause: () => Promise<void>,
): Promise<void> {
  const names = [...builders.keys()];
  for await (const batch of content.tags(names)) {
    for (const tag of batch) builders.get(tag.repository)?.addTag(tag);
    await pause();
  }
  for await (const batch of content.manifests(names)) {
    for (const manifest of batch) builders.get(manifest.repository)?.addManifest(manifest);
    await pause();
  }
  for await (const batch of content.blobs(names)) {
    for (const blob of batch) {
      builders.get(blob.repository)?.addBlob(blob);
      onBlob(blob);
    }
    await pause();
  }
}

function count(
  counts: Record<'repositories' | 'tags' | 'manifests' | 'blobs', number>,
  { tagCount, manifests, blobs }: PublishedRepository,
  sign: 1 | -1,
): void {
  counts.repositories += sign;
  counts.tags += sign * tagCount;
  counts.manifests += sign * manifests.size;
  counts.blobs += sign * blobs.size;
}

function* inGroups<T>(items: Iterable<T>, size: number): Generator<readonly T[]> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

import type { RepositoryName } from '../../src/oci/reference.ts';
import type { PublicationRecord } from '../../src/ports/publication-record.ts';
import type { Publication, PublishedTag } from '../../src/ports/publications.ts';

/** What was published by these events, one serial after the other, each at 1000 times its serial. */
export function createMemoryPublicationRecord(publications: readonly Publication[]): PublicationRecord {
  const repositories = new Map<RepositoryName, number>();
  const tags = new Map<string, PublishedTag>();
  for (const [index, publication] of publications.entries()) {
    const touched = [...publication.tags, ...publication.manifests, ...publication.blobs];
    for (const { repository } of touched) repositories.set(repository, index + 1);
    for (const tag of publication.tags) tags.set(`${tag.repository}:${tag.tag}`, tag);
  }
  return {
    events: async (limit, before = Infinity) =>
      publications
        .map((_, index) => ({ serial: index + 1, published: (index + 1) * 1000 }))
        .filter(({ serial }) => serial < before)
        .toReversed()
        .slice(0, limit),
    repositories: async (limit, after = '') =>
      [...repositories]
        .map(([repository, serial]) => ({ repository, serial }))
        .filter(({ repository }) => repository > after)
        .sort((one, other) => (one.repository < other.repository ? -1 : 1))
        .slice(0, limit),
    tags: async (repository, limit, after) =>
      [...tags.values()]
        .filter((tag) => tag.repository === repository && tag.tag > (after ?? ''))
        .sort((one, other) => (one.tag < other.tag ? -1 : 1))
        .slice(0, limit),
  };
}

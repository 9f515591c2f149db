import { type RepositoryName, isArtifactTag } from '../oci/reference.ts';
import type { Clock } from '../ports/clock.ts';
import type { PublishedContent, PublishedTag } from '../ports/publications.ts';
import { type TagLife, judgeLife } from './signature-life.ts';

export interface StatusDeps {
  readonly publishedContent: Pick<PublishedContent, 'tags' | 'serial'>;
  readonly clock: Clock;
  /** When the signatures that the tag was accepted with were made; undefined when they cannot be read. */
  readonly createdOf: (tag: PublishedTag) => Promise<number | undefined>;
}

interface RepositoryStatus {
  readonly repository: RepositoryName;
  /** The tags, the first to expire first. */
  readonly tags: readonly TagLife[];
}

export interface Status {
  /** Of the newest publication. */
  readonly serial: number;
  readonly repositories: readonly RepositoryStatus[];
}

/** How long the signatures of everything that is published still live. Changes nothing. */
export async function readStatus({ publishedContent, clock, createdOf }: StatusDeps): Promise<Status> {
  const now = clock.now();
  const repositories = new Map<RepositoryName, TagLife[]>();
  // Read whole first: an iterator that waits for signatures would keep the database from tidying its log.
  const published = [...publishedContent.tags()];
  for (const tag of published) {
    // They are signatures themselves, and live with what they sign.
    if (isArtifactTag(tag.tag)) continue;
    const lives = repositories.get(tag.repository) ?? [];
    lives.push(judgeLife(tag, await createdOf(tag), now));
    repositories.set(tag.repository, lives);
  }
  return {
    serial: publishedContent.serial(),
    repositories: [...repositories]
      .map(([repository, tags]) => ({ repository, tags: tags.sort((a, b) => a.left - b.left) }))
      .sort((a, b) => (a.repository < b.repository ? -1 : 1)),
  };
}

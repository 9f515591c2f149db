import { SignpostError } from '../oci/errors.ts';
import type { PublishedContent } from '../ports/publications.ts';
import type { RepositoryContent } from '../ports/repository-contents.ts';
import type { FollowedSnapshot, Follower } from './follow-origin.ts';
import { parseRepositoryPart } from './repository-part.ts';

/** What a followed origin has published, for the routing snapshot. Each piece is verified again as it is read. */
export function createFollowedContent(
  follower: Pick<Follower, 'current' | 'readPart'>,
  signal: AbortSignal,
): PublishedContent {
  const followed = (): FollowedSnapshot => {
    const current = follower.current();
    if (current !== undefined) return current;
    throw new SignpostError('UNAVAILABLE', 'nothing is known of the origin yet');
  };
  async function* rows<T>(
    choose: (content: RepositoryContent) => readonly T[],
  ): AsyncGenerator<readonly T[]> {
    for (const [repository, part] of followed().contents) {
      yield choose(parseRepositoryPart(repository, await follower.readPart(part, signal)));
    }
  }
  return {
    version: () => Promise.resolve(follower.current()?.snapshot.sequence ?? 0),
    serial: () => Promise.resolve(followed().snapshot.serial),
    tags: () => rows(({ tags }) => tags),
    manifests: () => rows(({ manifests }) => manifests),
    blobs: () => rows(({ blobs }) => blobs),
  };
}

import { SignpostError } from '../../oci/errors.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedContent } from '../../ports/publications.ts';
import type { Follower } from './follow-origin.ts';
import type { FollowedSnapshot } from './followed-snapshot.ts';
import { type RepositoryContent, parseRepositoryPart } from './repository-part.ts';

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
  function rows<T>(choose: (content: RepositoryContent) => readonly T[]) {
    return async function* (repositories?: readonly RepositoryName[]): AsyncGenerator<readonly T[]> {
      const { contents } = followed();
      for (const repository of repositories ?? contents.keys()) {
        const part = contents.get(repository);
        if (part === undefined) continue;
        yield choose(parseRepositoryPart(repository, await follower.readPart(part, signal)));
      }
    };
  }
  return {
    version: () => Promise.resolve(follower.current()?.snapshot.sequence ?? 0),
    changes: (since) =>
      Promise.try(() => {
        const { snapshot, contents } = followed();
        const changed = [...contents].filter(([, { serial }]) => serial > since);
        return {
          serial: snapshot.serial,
          repositories: new Map(changed.map(([name, { serial }]) => [name, serial])),
        };
      }),
    tags: rows(({ tags }) => tags),
    manifests: rows(({ manifests }) => manifests),
    blobs: rows(({ blobs }) => blobs),
  };
}

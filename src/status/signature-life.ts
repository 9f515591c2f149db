import type { RepositoryName, TagName } from '../oci/reference.ts';
import type { PublishedTag } from '../ports/publications.ts';

/**
 * How the signatures of a tag stand. `due`: less than a third of their life is left; `unreadable`: none of the request
 * that the tag was accepted from can be read any more.
 */
export type LifeState = 'good' | 'due' | 'expired' | 'unreadable';

export interface TagLife {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  readonly state: LifeState;
  /** When the signatures were made, in milliseconds since the epoch. */
  readonly created?: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Milliseconds; below 0 once they have expired. */
  readonly left: number;
}

/** The share of a life that is left when it is time to renew: enough to notice, to sign and to try again. */
const alarmShare = 1 / 3;

/** How the signatures of a tag stand at `now`. `created` is undefined when they cannot be read. */
export function judgeLife(
  { repository, tag, expires }: Pick<PublishedTag, 'repository' | 'tag' | 'expires'>,
  created: number | undefined,
  now: number,
): TagLife {
  const left = expires - now;
  const common = { repository, tag, expires, left };
  if (left <= 0) return { ...common, state: 'expired', ...(created === undefined ? {} : { created }) };
  if (created === undefined) return { ...common, state: 'unreadable' };
  return { ...common, created, state: left < (expires - created) * alarmShare ? 'due' : 'good' };
}

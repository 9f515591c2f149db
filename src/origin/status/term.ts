/** How something that expires stands. `due`: less than a third of its life is left; `unreadable`: it cannot be read. */
export type TermState = 'good' | 'due' | 'unreadable' | 'expired';

/** How long something lives, or the first to go of several things. Times are milliseconds since the epoch. */
export interface Term {
  readonly expires: number;
  /** From when on it is due for renewal. */
  readonly due: number;
  /** When it was made; undefined when that cannot be read. */
  readonly created: number | undefined;
}

/** The share of a life that is left when it is time to renew: enough to notice, to sign and to try again. */
const dueShare = 1 / 3;

export function createTerm(expires: number, created: number | undefined): Term {
  return { expires, created, due: created === undefined ? 0 : expires - (expires - created) * dueShare };
}

/** What holds for both: the first to expire, the first to be due, and unreadable when one is. */
export function firstOf(one: Term | undefined, other: Term): Term {
  if (one === undefined) return other;
  const readable = one.created !== undefined && other.created !== undefined;
  return {
    expires: Math.min(one.expires, other.expires),
    due: Math.min(one.due, other.due),
    created: readable ? Math.min(one.created, other.created) : undefined,
  };
}

/** How it stands at `now`. */
export function stateOf({ expires, due, created }: Term, now: number): TermState {
  if (expires <= now) return 'expired';
  if (created === undefined) return 'unreadable';
  return due < now ? 'due' : 'good';
}

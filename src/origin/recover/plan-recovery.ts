import type { GivenSerials } from '../../ports/serials.ts';

/** How far others are, who were told of serials that the database may have forgotten. */
export interface KnownSerials {
  /** What the database has given out. */
  readonly given: GivenSerials;
  /** What `publication.json` in the tree says. */
  readonly tree: number;
  readonly mirrors: readonly { readonly name: string; readonly serial: number }[];
  /** The highest request that the signer has signed; undefined when its record is not at hand. */
  readonly signer: number | undefined;
  /** What the operator knows; 0 for nothing. */
  readonly operator: GivenSerials;
}

export interface RecoveryPlan {
  /** Where to move on to; undefined when the database knows of everything. */
  readonly past: GivenSerials | undefined;
  /** Mirrors that say a serial which cannot be: nobody vets them. */
  readonly disbelieved: readonly string[];
}

/** More publications than were lost by any copy that is put back. A mirror that claims more must not use the numbers up. */
const believable = 100_000;
/** Requests that were written after the copy was made, and that nobody here knows of. Numbers cost nothing. */
const unseenRequests = 1000;

/**
 * From which numbers to go on, so that none is given out again. Nothing is at fault when nobody knows of a number that
 * the database does not.
 */
export function planRecovery({ given, tree, mirrors, signer = 0, operator }: KnownSerials): RecoveryPlan {
  const certain = Math.max(given.publication, tree, operator.publication);
  const believed = mirrors.filter(({ serial }) => serial <= certain + believable);
  const publication = Math.max(certain, ...believed.map(({ serial }) => serial));
  const request = Math.max(given.request, signer, operator.request);
  const isBehind = publication > given.publication || request > given.request;
  return {
    past: isBehind ? { publication: publication + 1, request: request + unseenRequests } : undefined,
    disbelieved: mirrors.filter((mirror) => !believed.includes(mirror)).map(({ name }) => name),
  };
}

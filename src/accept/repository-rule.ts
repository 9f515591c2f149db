import type { RepositoryName } from '../oci/reference.ts';
import type { SignatureReader } from '../ports/signing.ts';
import type { SignaturePolicy } from '../trust/judge-signature.ts';

/** What the operator demands of a repository, with the keys at hand. */
export interface RepositoryRule {
  readonly reader: SignatureReader;
  readonly policy: SignaturePolicy;
  /** Signatures that expire sooner than this are warned of, in milliseconds. */
  readonly warnBefore: number;
}

/** Whether a rule's `match` is the repository's name, or a prefix of it that ends in "/*". */
export function ruleMatches(match: string, repository: RepositoryName): boolean {
  if (match === '*') return true;
  return match.endsWith('/*') ? repository.startsWith(match.slice(0, -1)) : match === repository;
}

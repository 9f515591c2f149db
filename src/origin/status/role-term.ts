import type { RepositoryName } from '../../oci/reference.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import { type Term, firstOf } from './term.ts';

/** What expires: the signatures of one format, or a role of TUF or Notary v1 metadata. */
type ExpiringRole = SignatureFormat | `tuf-${string}` | `notary-${string}`;

/** A role, of one repository or, without it, of all of them together. */
export interface RoleTerm extends Term {
  readonly repository: RepositoryName | undefined;
  readonly role: ExpiringRole;
}

/** Gathers terms by repository and role. */
export class RoleTerms {
  readonly #terms = new Map<string, RoleTerm>();

  add(term: RoleTerm): void {
    const key = `${term.repository ?? ''} ${term.role}`;
    const before = this.#terms.get(key);
    this.#terms.set(key, before === undefined ? term : { ...before, ...firstOf(before, term) });
  }

  get all(): readonly RoleTerm[] {
    return [...this.#terms.values()];
  }
}

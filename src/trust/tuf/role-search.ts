import { SignpostError } from '../../oci/errors.ts';
import type { Targets } from './metadata.ts';
import type { DelegatedRole, Delegations } from './read-any-delegations.ts';

/** A role that is to be asked, with the delegations that lead to it. */
export interface SearchedRole {
  readonly name: string;
  readonly delegator: Targets;
  /** From the targets role down to this one: each has to allow a path. */
  readonly chain: readonly DelegatedRole[];
}

/** As other clients have it, so that what they find is found here. */
const rolesLimit = 32;

/** Which roles of a delegator are asked, in their order, and whether nothing is asked after them. */
export type ChooseRoles = (delegations: Delegations) => {
  readonly roles: readonly DelegatedRole[];
  readonly final: boolean;
};

/**
 * The order in which delegated roles are asked (TUF 1.0, 5.6.7): depth first, each once, and nothing after a terminating
 * one. The caller fetches, verifies and adds what it has read.
 */
export class RoleSearch {
  readonly #choose: ChooseRoles;
  readonly #asked = new Set<string>();
  #waiting: SearchedRole[] = [];

  constructor(choose: ChooseRoles) {
    this.#choose = choose;
  }

  /** Enters what a role delegates further; `chain` is its own. */
  add(delegator: Targets, chain: readonly DelegatedRole[] = []): void {
    if (delegator.delegations === undefined) return;
    const { roles, final } = this.#choose(delegator.delegations);
    if (final) this.#waiting = [];
    const found = roles.map((role) => ({ name: role.name, delegator, chain: [...chain, role] }));
    this.#waiting.unshift(...found);
  }

  /** @throws SignpostError LIMIT_EXCEEDED */
  next(): SearchedRole | undefined {
    for (let role = this.#waiting.shift(); role !== undefined; role = this.#waiting.shift()) {
      if (this.#asked.has(role.name)) continue;
      if (this.#asked.size === rolesLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', `more than ${rolesLimit} roles have to be asked`);
      }
      this.#asked.add(role.name);
      return role;
    }
    return undefined;
  }
}

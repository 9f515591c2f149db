import { type RepositoryName, type TaggedReference, formatTaggedReference } from '../../oci/reference.ts';

/** A published tag; `expires` is in milliseconds since the epoch. */
export interface RenewableTag extends TaggedReference {
  readonly expires: number;
  readonly due: boolean;
}

/** A role of TUF or Notary v1 metadata, such as `tuf-snapshot`; of one repository, or of all. */
export interface RenewableRole {
  readonly role: string;
  readonly repository: RepositoryName | undefined;
  readonly expires: number;
  readonly due: boolean;
}

/** How a role that is due is renewed. */
export interface PlannedRole extends RenewableRole {
  /**
   * `tag`: the signer makes the metadata anew when it signs that tag again. `here`: by the key of the timestamp role at
   * the origin. `ceremony`: by the holders of root keys. `nothing`: nothing is published that could be signed again.
   */
  readonly by: 'tag' | 'here' | 'ceremony' | 'nothing';
  readonly tag?: TaggedReference;
}

export interface RenewalPlan {
  /** As `repository:tag`: those that are due, and those whose signing renews metadata. */
  readonly tags: ReadonlySet<string>;
  readonly roles: readonly PlannedRole[];
}

/**
 * Chooses what to sign again so that everything that is due lives on. Metadata has no request of its own: a signing
 * event makes all of TUF's that is old anew, and the Notary v1 metadata of the repositories that it has tags of. So
 * one tag is enough, and it is one that is due anyhow when there is such.
 */
export function planRenewal(
  tags: readonly RenewableTag[],
  roles: readonly RenewableRole[],
  timestampHere: boolean,
): RenewalPlan {
  const soonest = tags.toSorted((a, b) => Number(b.due) - Number(a.due) || a.expires - b.expires);
  const chosen = new Set(tags.filter(({ due }) => due).map(formatTaggedReference));
  // While something above the timestamp has to be signed anew, accepting that makes the timestamp too.
  const due = roles.filter((role) => role.due);
  const signed = due.some(({ role }) => role.startsWith('tuf-') && !isAlone(role));
  // Of all repositories, only those that have TUF metadata at all bring it about.
  const withTuf = new Set(
    roles.flatMap(({ role, repository }) =>
      role === 'tuf-targets' && repository !== undefined ? [repository] : [],
    ),
  );
  const planned = due.map((role): PlannedRole => {
    if (role.role.endsWith('-root')) return { ...role, by: 'ceremony' };
    if (role.role === 'tuf-timestamp' && timestampHere && !signed) return { ...role, by: 'here' };
    const tag = soonest.find(({ repository }) =>
      role.repository === undefined
        ? withTuf.size === 0 || withTuf.has(repository)
        : repository === role.repository,
    );
    if (tag === undefined) return { ...role, by: 'nothing' };
    chosen.add(formatTaggedReference(tag));
    return { ...role, by: 'tag', tag: { repository: tag.repository, tag: tag.tag } };
  });
  return { tags: chosen, roles: planned };
}

function isAlone(role: string): boolean {
  return role === 'tuf-timestamp' || role === 'tuf-root';
}

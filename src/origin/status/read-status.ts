import { type RepositoryName, type TagName, isArtifactTag } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Publications, PublishedContent, PublishedTag } from '../../ports/publications.ts';
import { describeSlowClock } from '../../trust/compare-clocks.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import { type RoleTerm, RoleTerms } from './role-term.ts';
import { type Term, type TermState, createTerm, firstOf, stateOf } from './term.ts';

/** The signatures of a tag in one format. */
export interface SignatureTerm extends Term {
  readonly format: SignatureFormat;
}

export interface StatusDeps {
  readonly publishedContent: Pick<PublishedContent, 'tags'>;
  readonly publications: Pick<Publications, 'serials'>;
  readonly clock: Clock;
  /** The signatures that the tag was accepted with, in each format that is demanded of it. */
  readonly signaturesOf: (tag: PublishedTag) => Promise<readonly SignatureTerm[]>;
  /** The roles of TUF, and those of Notary v1 in these repositories. */
  readonly metadataOf: (repositories: Iterable<RepositoryName>) => AsyncIterable<RoleTerm>;
}

export interface Life extends Term {
  readonly state: TermState;
  /** Milliseconds; below 0 once it has expired. */
  readonly left: number;
}

export interface TagLife extends Life {
  readonly repository: RepositoryName;
  readonly tag: TagName;
}

export type RoleLife = RoleTerm & Life;

interface RepositoryStatus {
  readonly repository: RepositoryName;
  /** The tags, the first to expire first. */
  readonly tags: readonly TagLife[];
}

export interface Status {
  /** Of the newest publication. */
  readonly serial: number;
  readonly repositories: readonly RepositoryStatus[];
  /** Signatures by repository and format, and metadata by repository and role. */
  readonly roles: readonly RoleLife[];
  /** Why the clock here seems to be slow. */
  readonly clock: string | undefined;
}

/** How long everything that is published and expires still lives. Changes nothing. */
export async function readStatus(deps: StatusDeps): Promise<Status> {
  const { publishedContent, clock } = deps;
  const now = clock.now();
  const repositories = new Map<RepositoryName, TagLife[]>();
  const roles = new RoleTerms();
  let latest = 0;
  // Read whole first: an iterator that waits for signatures would keep the database from tidying its log.
  const published: PublishedTag[] = [];
  for await (const batch of publishedContent.tags()) published.push(...batch);
  for (const tag of published) {
    // They are signatures themselves, and live with what they sign.
    if (isArtifactTag(tag.tag)) continue;
    const { repository } = tag;
    const signatures = await deps.signaturesOf(tag);
    for (const term of signatures) {
      roles.add({ ...term, repository, role: term.format });
      latest = Math.max(latest, term.created ?? 0);
    }
    const lives = repositories.get(repository) ?? [];
    lives.push({ repository, tag: tag.tag, ...toLife(termOfTag(tag, signatures), now) });
    repositories.set(repository, lives);
  }
  for await (const term of deps.metadataOf(repositories.keys())) roles.add(term);
  return {
    serial: (await deps.publications.serials()).serial,
    repositories: [...repositories]
      .map(([repository, tags]) => ({ repository, tags: tags.sort((a, b) => a.left - b.left) }))
      .sort((a, b) => (a.repository < b.repository ? -1 : 1)),
    roles: roles.all
      .map((term) => ({ ...term, ...toLife(term, now) }))
      .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)),
    clock: describeSlowClock(latest, now),
  };
}

/** What was accepted counts, whatever the signatures that can be read now say. */
function termOfTag({ expires }: PublishedTag, signatures: readonly SignatureTerm[]): Term {
  const accepted = createTerm(expires, undefined);
  const first = signatures.reduce<Term | undefined>(firstOf, undefined);
  return first === undefined ? accepted : { ...first, expires: Math.min(first.expires, expires) };
}

function toLife(term: Term, now: number): Life {
  return { ...term, state: stateOf(term, now), left: term.expires - now };
}

function nameOf({ repository, role }: RoleTerm): string {
  return `${repository ?? ''} ${role}`;
}

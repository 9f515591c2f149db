import { refuseOldDatabase } from '../../origin/accept/place-publication.ts';
import { readPresent } from '../../origin/accept/present-envelopes.ts';
import { createFileMetadataTree } from '../../adapters/tree/file-metadata-tree.ts';
import type { Digest } from '../../oci/digest.ts';
import { type RepositoryName, formatTaggedReference } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import type { PublishedTag } from '../../ports/publications.ts';
import { type PlannedRole, type RenewalPlan, planRenewal } from '../../origin/renew/plan-renewal.ts';
import { type RenewedTag, stageRenewals } from '../../origin/renew/stage-renewals.ts';
import { type Life, readStatus } from '../../origin/status/read-status.ts';
import type { Evidence } from '../../trust/evidence.ts';
import type { Config } from '../config/config-schema.ts';
import { auditedRenewal } from '../records/audited-images.ts';
import { localUser } from '../records/local-user.ts';
import { type Content, composeContent } from '../records/content.ts';
import { createRuleFinder } from '../trust/repository-rules.ts';
import { composeTerms } from '../trust/terms.ts';
import { renewTimestamp } from '../trust/tuf-timestamp.ts';

/** What to renew: what is due (or expires in so many milliseconds), what a key has signed, or everything. */
export type RenewalChoice =
  | { readonly kind: 'due'; readonly within: number | undefined }
  | { readonly kind: 'signed-by'; readonly fingerprint: string }
  | { readonly kind: 'all' };

export interface Renewal {
  readonly tags: readonly RenewedTag[];
  /** Roles of metadata that are due, and what becomes of them. */
  readonly roles: readonly PlannedRole[];
  /** Until when the TUF metadata is valid now, when its timestamp was renewed here. */
  readonly timestampExpires?: number | undefined;
  /** Why the clock here seems to be slow, where it decides. */
  readonly clock?: string | undefined;
}

/** Stages published tags again for new signatures, and sees to metadata that is due. */
export async function composeRenew(
  config: Config,
  choice: RenewalChoice,
  wanted: (repository: RepositoryName) => boolean,
): Promise<Renewal> {
  await using content = await composeContent(config, 'renew');
  await using _held = await content.lock.acquire(contentLock);
  await refuseOldDatabase(content);
  const found = choice.kind === 'due' ? await planDue(config, content, choice.within, wanted) : undefined;
  const { plan, clock } = found ?? {};
  const tags = await stageRenewals(
    { ...content, signersOf: createSignerFinder(config, content) },
    {
      wanted: (tag) => wanted(tag.repository) && (plan?.tags.has(formatTaggedReference(tag)) ?? true),
      signedBy: choice.kind === 'signed-by' ? choice.fingerprint : undefined,
    },
  );
  await content.audit.add({ who: localUser(), at: content.clock.now() }, auditedRenewal(tags));
  const roles = plan?.roles ?? [];
  const isRenewedHere = roles.some(({ by }) => by === 'here');
  const timestampExpires = isRenewedHere ? await renewTimestamp(config, content) : undefined;
  return { tags, roles, clock, timestampExpires };
}

async function planDue(
  config: Config,
  content: Content,
  within: number | undefined,
  wanted: (repository: RepositoryName) => boolean,
): Promise<{ readonly plan: RenewalPlan; readonly clock: string | undefined }> {
  const terms = composeTerms(config, {
    treeReader: content.tree,
    publications: content.publications,
    metadataTree: createFileMetadataTree(content.folders.tree),
    clock: content.clock,
  });
  const status = await readStatus({ ...content, ...terms });
  const judge = <T extends Life>(life: T) => ({
    ...life,
    due: within === undefined ? life.state !== 'good' : life.left < within,
  });
  const tags = status.repositories.flatMap((repository) => repository.tags);
  const plan = planRenewal(
    tags.filter(({ repository }) => wanted(repository)).map(judge),
    status.roles
      .filter(({ role, repository }) => isMetadata(role) && (repository === undefined || wanted(repository)))
      .map(judge),
    config.tuf.timestampKey !== undefined,
  );
  return { plan, clock: status.clock };
}

function isMetadata(role: string): boolean {
  return role.startsWith('tuf-') || role.startsWith('notary-');
}

function createSignerFinder(config: Config, content: Content) {
  const findRule = createRuleFinder(config.repositories);
  const present = { treeReader: content.tree, publications: content.publications };
  return async (repository: PublishedTag['repository'], list: Digest) => {
    const signers: string[] = [];
    const now = content.clock.now();
    for (const { reader } of (await findRule(repository))?.formats ?? []) {
      const { envelopes } = await readPresent(present, reader.format, repository, list);
      for (const envelope of envelopes) signers.push(...namesOf(reader.read(envelope, now)));
    }
    return signers;
  };
}

function namesOf(evidence: Evidence): readonly string[] {
  switch (evidence.kind) {
    case 'signed':
    case 'wrong-payload':
    case 'unusable-key':
      return [evidence.fingerprint];
    case 'unknown-key':
      return [evidence.keyId.toUpperCase()];
    case 'forged':
      return [];
  }
}

import type { Digest } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import {
  type RegistryHost,
  type RepositoryName,
  type TagName,
  formatTaggedReference,
} from '../../oci/reference.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { MetadataFile, MetadataFormat } from '../../trust/metadata-file.ts';
import { parseNotaryPath } from '../../trust/notary-v1/names.ts';
import type { NamedTag, VerifiedFiles } from './verified-files.ts';
import { verifyNotaryFiles } from './verify-notary-files.ts';
import { type TimestampSigner, verifyTufFiles } from './verify-tuf-files.ts';

/** What the operator demands of the metadata of whole repositories. */
export interface MetadataPolicy {
  /** The TUF root that the operator has; without it TUF files are left out. */
  readonly tufRoot?: Uint8Array | undefined;
  /** Signs timestamps at the origin. */
  readonly tufTimestamp?: TimestampSigner | undefined;
  /** SHA-256 of the Notary v1 root certificates, in lower-case hexadecimal; none: those files are left out. */
  readonly notaryCertificates: ReadonlySet<string>;
}

export interface MetadataDeps {
  readonly registry: RegistryHost;
  readonly metadataTree: Pick<MetadataTree, 'read'>;
  readonly metadata: MetadataPolicy;
  /** The list that a tag names now; undefined when it is not published. */
  readonly publications: {
    findTag(repository: RepositoryName, tag: TagName): Promise<{ readonly list: Digest } | undefined>;
  };
}

/** Files that belong together: all of TUF, or the Notary v1 files of one repository. */
interface MetadataName {
  readonly format: MetadataFormat;
  /** `host/repository`; undefined for TUF. */
  readonly collection?: string;
}

/** The same with what verification says of them; nothing is placed yet. */
export type MetadataSet = MetadataName &
  (
    | {
        readonly verified: VerifiedFiles;
        /** What they name, by the names of the tags. */
        readonly tags: ReadonlyMap<string, NamedTag>;
      }
    | { readonly refused: string }
  );

export interface JudgedMetadata {
  readonly sets: readonly MetadataSet[];
  /** The lists that are published now of the tags that the sets name. */
  readonly published: ReadonlyMap<string, Digest>;
}

/** How such files fared. */
export type MetadataOutcome = MetadataName &
  (
    | { readonly placed: number; readonly expires: number }
    /** What was published before stays. */
    | { readonly refused: string }
  );

/**
 * Verifies the files of a bundle against those that are published. Each format stands for itself: one that is refused
 * stays at its last good state. Files of a format that nothing is configured for are left out.
 * @throws SignpostError STORAGE
 */
export async function judgeMetadata(
  deps: MetadataDeps,
  files: readonly MetadataFile[],
  now: number,
): Promise<JudgedMetadata> {
  const { tufRoot, notaryCertificates } = deps.metadata;
  const sets: MetadataSet[] = [];
  const tuf = files.filter(({ format }) => format === 'tuf');
  if (tufRoot !== undefined && tuf.length > 0) {
    sets.push({ format: 'tuf', ...(await attempt(() => verifyTufFiles({ ...deps, tufRoot }, tuf, now))) });
  }
  for (const [collection, own] of notaryCertificates.size === 0 ? [] : byCollection(files)) {
    const verdict = await attempt(() => verifyNotaryFiles(deps, own, now));
    sets.push({ format: 'notary', collection, ...verdict });
  }
  const published = new Map<string, Digest>();
  for (const [name, { repository, tag }] of sets.flatMap((set) => ('tags' in set ? [...set.tags] : []))) {
    const found = published.has(name) ? undefined : await deps.publications.findTag(repository, tag);
    if (found !== undefined) published.set(name, found.list);
  }
  return { sets, published };
}

/**
 * Places what was verified, once the images that it names are published.
 * @throws SignpostError STORAGE
 */
export async function placeMetadata(
  metadataTree: Pick<MetadataTree, 'place'>,
  sets: readonly MetadataSet[],
): Promise<readonly MetadataOutcome[]> {
  const outcomes: MetadataOutcome[] = [];
  for (const set of sets) {
    if ('refused' in set) {
      outcomes.push(set);
      continue;
    }
    const { verified, tags: _, ...name } = set;
    for (const { path, bytes } of verified.files) await metadataTree.place(path, bytes);
    outcomes.push({ ...name, placed: verified.files.length, expires: verified.expires });
  }
  return outcomes;
}

async function attempt(
  verify: () => Promise<VerifiedFiles>,
): Promise<
  | { readonly verified: VerifiedFiles; readonly tags: ReadonlyMap<string, NamedTag> }
  | { readonly refused: string }
> {
  try {
    const verified = await verify();
    return { verified, tags: new Map(verified.tags.map((tag) => [formatTaggedReference(tag), tag])) };
  } catch (error) {
    const told = (['TRUST', 'ROLLBACK', 'REQUEST_INVALID', 'LIMIT_EXCEEDED'] as const).some((code) =>
      isSignpostError(error, code),
    );
    if (!told) throw error;
    return { refused: (error as Error).message };
  }
}

function byCollection(files: readonly MetadataFile[]): ReadonlyMap<string, readonly MetadataFile[]> {
  const all = new Map<string, MetadataFile[]>();
  for (const file of files.filter(({ format }) => format === 'notary')) {
    const found = parseNotaryPath(file.path);
    // What cannot be read goes with the others, and has them refused.
    const name = found === undefined ? 'unknown' : `${found.registry}/${found.repository}`;
    const own = all.get(name);
    if (own === undefined) all.set(name, [file]);
    else own.push(file);
  }
  return all;
}

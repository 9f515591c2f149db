import { type Digest, digestHex } from '../oci/digest.ts';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import type { RegistryHost, RepositoryName, TagName } from '../oci/reference.ts';
import type { MetadataTree } from '../ports/metadata-tree.ts';
import type { MetadataFile, MetadataFormat } from '../trust/metadata-file.ts';
import { parseNotaryPath } from '../trust/notary-v1/names.ts';
import type { NamedTag, VerifiedFiles } from './verified-files.ts';
import { verifyNotaryFiles } from './verify-notary-files.ts';
import { type TimestampSigner, verifyTufFiles } from './verify-tuf-files.ts';

/** What the operator demands of the metadata of whole repositories. */
export interface MetadataPolicy {
  /** The TUF root that the operator has; without it TUF files are left out. */
  readonly tufRoot?: Uint8Array;
  /** Signs timestamps at the origin. */
  readonly tufTimestamp?: TimestampSigner;
  /** SHA-256 of the Notary v1 root certificates, in lower-case hexadecimal; none: those files are left out. */
  readonly notaryCertificates: ReadonlySet<string>;
}

export interface MetadataDeps {
  readonly registry: RegistryHost;
  readonly metadataTree: Pick<MetadataTree, 'read' | 'place'>;
  readonly metadata: MetadataPolicy;
}

/** How a format's files fared: of TUF as a whole, of Notary v1 for each repository. */
export type MetadataOutcome = {
  readonly format: MetadataFormat;
  /** `host/repository`; undefined for TUF. */
  readonly collection?: string;
} & (
  | { readonly placed: number; readonly expires: number }
  /** What was published before stays. */
  | { readonly refused: string }
);

/** The list that a tag names now; undefined when it is not published. */
export type FindList = (repository: RepositoryName, tag: TagName) => Promise<Digest | undefined>;

/**
 * Verifies and places the files of a bundle, after its images: what clients find in them is published by then. Each
 * format stands for itself: one that is refused stays at its last good state.
 * @throws SignpostError STORAGE
 */
export async function acceptMetadata(
  deps: MetadataDeps,
  files: readonly MetadataFile[],
  findList: FindList,
  now: number,
): Promise<readonly MetadataOutcome[]> {
  const { tufRoot, notaryCertificates } = deps.metadata;
  const outcomes: MetadataOutcome[] = [];
  const tuf = files.filter(({ format }) => format === 'tuf');
  if (tufRoot !== undefined && tuf.length > 0) {
    const outcome = await attempt(deps, findList, () => verifyTufFiles({ ...deps, tufRoot }, tuf, now));
    outcomes.push({ format: 'tuf', ...outcome });
  }
  if (notaryCertificates.size === 0) return outcomes;
  for (const [collection, own] of byCollection(files)) {
    const outcome = await attempt(deps, findList, () => verifyNotaryFiles(deps, own, now));
    outcomes.push({ format: 'notary', collection, ...outcome });
  }
  return outcomes;
}

async function attempt(
  { metadataTree }: MetadataDeps,
  findList: FindList,
  verify: () => Promise<VerifiedFiles>,
): Promise<{ readonly placed: number; readonly expires: number } | { readonly refused: string }> {
  try {
    const { tags, files, expires } = await verify();
    for (const tag of tags) await checkPublished(tag, findList);
    for (const { path, bytes } of files) await metadataTree.place(path, bytes);
    return { placed: files.length, expires };
  } catch (error) {
    const told = (['TRUST', 'ROLLBACK', 'REQUEST_INVALID', 'LIMIT_EXCEEDED'] as const).some((code) =>
      isSignpostError(error, code),
    );
    if (!told) throw error;
    return { refused: (error as Error).message };
  }
}

async function checkPublished({ repository, tag, sha256 }: NamedTag, findList: FindList): Promise<void> {
  const list = await findList(repository, tag);
  // A tag that was signed and never published names nothing that anybody could pull: it does no harm.
  if (list === undefined || digestHex(list) === sha256) return;
  throw new SignpostError(
    'TRUST',
    `the metadata says that ${repository}:${tag} is sha256:${sha256}, but ${list} is published: sign a new request ` +
      'that has this tag, or accept the bundle again once the image is published',
  );
}

function byCollection(files: readonly MetadataFile[]): ReadonlyMap<string, readonly MetadataFile[]> {
  const all = new Map<string, MetadataFile[]>();
  for (const file of files.filter(({ format }) => format === 'notary')) {
    const found = parseNotaryPath(file.path);
    // What cannot be read goes with the others, and has them refused.
    const name = found === undefined ? 'unknown' : `${found.registry}/${found.repository}`;
    all.set(name, [...(all.get(name) ?? []), file]);
  }
  return all;
}

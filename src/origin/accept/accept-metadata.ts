import { isSignpostError } from '../../oci/errors.ts';
import type { RegistryHost } from '../../oci/reference.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { MetadataFile, MetadataFormat } from '../../trust/metadata-file.ts';
import { parseNotaryPath } from '../../trust/notary-v1/names.ts';
import type { VerifiedFiles } from './verified-files.ts';
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
  readonly metadataTree: Pick<MetadataTree, 'read' | 'place'>;
  readonly metadata: MetadataPolicy;
}

/** Files that belong together: all of TUF, or the Notary v1 files of one repository. */
interface MetadataName {
  readonly format: MetadataFormat;
  /** `host/repository`; undefined for TUF. */
  readonly collection?: string;
}

/** The same with what verification says of them; nothing is placed yet. */
export type JudgedMetadata = MetadataName &
  ({ readonly verified: VerifiedFiles } | { readonly refused: string });

/** How such files fared. */
export type MetadataOutcome = MetadataName &
  (
    | { readonly placed: number; readonly expires: number }
    /** What was published before stays. */
    | { readonly refused: string }
  );

/**
 * Verifies the files of a bundle against those that are published. Each format stands for itself: one that is refused
 * stays at its last good state. Without `deps` nothing is configured, and files are left out.
 * @throws SignpostError STORAGE
 */
export async function verifyMetadata(
  deps: MetadataDeps | undefined,
  files: readonly MetadataFile[],
  now: number,
): Promise<readonly JudgedMetadata[]> {
  if (deps === undefined) return [];
  const { tufRoot, notaryCertificates } = deps.metadata;
  const judged: JudgedMetadata[] = [];
  const tuf = files.filter(({ format }) => format === 'tuf');
  if (tufRoot !== undefined && tuf.length > 0) {
    const verdict = await attempt(() => verifyTufFiles({ ...deps, tufRoot }, tuf, now));
    judged.push({ format: 'tuf', ...verdict });
  }
  if (notaryCertificates.size === 0) return judged;
  for (const [collection, own] of byCollection(files)) {
    const verdict = await attempt(() => verifyNotaryFiles(deps, own, now));
    judged.push({ format: 'notary', collection, ...verdict });
  }
  return judged;
}

/**
 * Places what was verified, once the images that it names are published.
 * @throws SignpostError STORAGE
 */
export async function placeMetadata(
  deps: Pick<MetadataDeps, 'metadataTree'> | undefined,
  judged: readonly JudgedMetadata[],
): Promise<readonly MetadataOutcome[]> {
  const outcomes: MetadataOutcome[] = [];
  for (const set of judged) {
    if ('refused' in set) {
      outcomes.push(set);
      continue;
    }
    const { verified, ...name } = set;
    for (const { path, bytes } of verified.files) await deps?.metadataTree.place(path, bytes);
    outcomes.push({ ...name, placed: verified.files.length, expires: verified.expires });
  }
  return outcomes;
}

async function attempt(
  verify: () => Promise<VerifiedFiles>,
): Promise<{ readonly verified: VerifiedFiles } | { readonly refused: string }> {
  try {
    return { verified: await verify() };
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

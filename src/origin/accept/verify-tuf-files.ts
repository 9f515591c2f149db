import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { RegistryHost } from '../../oci/reference.ts';
import { formatTaggedReference } from '../../oci/reference.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';
import type { MetadataFile } from '../../trust/metadata-file.ts';
import { metadataPath } from '../../trust/metadata-path.ts';
import { keyIdOf, tufKeyOf } from '../../trust/tuf/key.ts';
import { parseTargetPath } from '../../trust/tuf/names.ts';
import { fileMetaOf, formatMetadata, nextTimestamp, signedBytes } from '../../trust/tuf/next-metadata.ts';
import { readStrictMetadata } from '../../trust/tuf/read-strict-metadata.ts';
import { type TrustedMetadata, expiryOf } from '../../trust/tuf/trusted-metadata.ts';
import { type MetadataFiles, verifyPublication } from '../../trust/tuf/verify-publication.ts';
import { readPublishedTuf } from './published-metadata.ts';
import type { NamedTag, VerifiedFiles } from './verified-files.ts';

export interface TufDeps {
  readonly registry: RegistryHost;
  readonly metadataTree: Pick<MetadataTree, 'read'>;
  readonly metadata: { readonly tufTimestamp?: TimestampSigner | undefined };
  /** The root that the operator has. */
  readonly tufRoot: Uint8Array;
}

/** A key of the timestamp role at the origin, which can say that something is current, and nothing else. */
export interface TimestampSigner {
  readonly signer: RawSigner;
  /** Milliseconds. */
  readonly life: number;
}

/**
 * Verifies TUF files against those that are published. With a key at the origin the timestamp is made here.
 * @throws SignpostError TRUST, ROLLBACK, REQUEST_INVALID, LIMIT_EXCEEDED, STORAGE
 */
export async function verifyTufFiles(
  { registry, metadataTree, metadata, tufRoot }: TufDeps,
  files: readonly MetadataFile[],
  now: number,
): Promise<VerifiedFiles> {
  const offered = new Map(files.map(({ path, bytes }) => [path, bytes]));
  for (const path of offered.keys()) metadataPath('tuf', path);
  const published = await readPublishedTuf(metadataTree, offered.keys());
  const { tufTimestamp } = metadata;
  if (tufTimestamp !== undefined) {
    offered.set('timestamp.json', await stampNewest(tufTimestamp, published, offered, now));
  }
  const { trusted, files: placed } = verifyPublication(tufRoot, published, offered, now);
  return {
    tags: readTags(trusted, registry),
    files: placed.map(({ path, bytes }) => ({ path: metadataPath('tuf', path), bytes })),
    expires: firstExpiry(trusted),
  };
}

/**
 * The next timestamp over what is published already: it lives longer, and nothing else changes.
 * @throws SignpostError NOT_FOUND when nothing is published, TRUST when something other than the timestamp has expired
 */
export async function renewTufTimestamp(
  deps: Omit<TufDeps, 'metadata'>,
  timestamp: TimestampSigner,
  now: number,
): Promise<VerifiedFiles> {
  if ((await deps.metadataTree.read(metadataPath('tuf', 'timestamp.json'))) === undefined) {
    throw new SignpostError('NOT_FOUND', 'no TUF metadata is published yet: accept a bundle that has some');
  }
  return verifyTufFiles({ ...deps, metadata: { tufTimestamp: timestamp } }, [], now);
}

async function stampNewest(
  { signer, life }: TimestampSigner,
  published: MetadataFiles,
  offered: MetadataFiles,
  now: number,
): Promise<Uint8Array> {
  const before = published.get('timestamp.json');
  const previous = before && readStrictMetadata(before, 'timestamp', 'timestamp.json').signed;
  const snapshot = newestSnapshot(offered) ?? previous?.meta['snapshot.json'];
  if (snapshot === undefined) throw new SignpostError('TRUST', 'there is no snapshot');
  const next = nextTimestamp(previous, snapshot, now + life);
  const sig = Buffer.from(await signer.sign(signedBytes(next))).toString('hex');
  return formatMetadata(next, [{ keyid: keyIdOf(tufKeyOf(signer.publicKey)), sig }]);
}

function newestSnapshot(offered: MetadataFiles) {
  const [first, ...more] = [...offered].filter(([path]) => path.endsWith('.snapshot.json'));
  if (first === undefined) return undefined;
  const [path, bytes] = first;
  if (more.length > 0) throw new SignpostError('TRUST', `nothing of the metadata names ${path}`);
  return fileMetaOf(bytes, readStrictMetadata(bytes, 'snapshot', path).signed);
}

function readTags({ delegated }: TrustedMetadata, registry: RegistryHost): readonly NamedTag[] {
  return [...delegated.values()].flatMap(({ targets }) =>
    Object.entries(targets).map(([path, { hashes, custom }]) => {
      const target = parseTargetPath(path);
      const { reference } = custom ?? {};
      if (target === undefined || reference !== `${registry}/${formatTaggedReference(target)}`) {
        throw new SignpostError('TRUST', `the target ${quote(path)} is for ${quote(reference)}`);
      }
      return { ...target, sha256: hashes.sha256 ?? '' };
    }),
  );
}

function firstExpiry({ root, timestamp, snapshot, targets, delegated }: TrustedMetadata): number {
  const all = [root, timestamp, snapshot, targets, ...delegated.values()];
  return Math.min(...all.flatMap((metadata) => (metadata === undefined ? [] : [expiryOf(metadata)])));
}

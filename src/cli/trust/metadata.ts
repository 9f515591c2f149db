import type { MetadataPolicy } from '../../origin/accept/accept-metadata.ts';
import type { TimestampSigner } from '../../origin/accept/verify-tuf-files.ts';
import { createFileMetadataTree } from '../../adapters/tree/file-metadata-tree.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import { SignpostError } from '../../oci/errors.ts';
import { metadataFileLimit } from '../../trust/metadata-file.ts';
import type { Config } from '../config/config-schema.ts';
import { readNotaryCertificates } from './notary-certificates.ts';
import { openRawSigner } from '../keys/raw-signers.ts';

/** What the configuration demands of TUF and Notary v1 metadata, with its keys. To be closed. */
export async function composeMetadata(
  { tuf, notary }: Pick<Config, 'tuf' | 'notary'>,
  tree: string,
): Promise<{ readonly metadataTree: MetadataTree; readonly metadata: MetadataPolicy } & AsyncDisposable> {
  const tufRoot = tuf.root === undefined ? undefined : await readSmallFile(tuf.root, metadataFileLimit);
  const timestamp = await openTimestampSigner(tuf);
  return {
    metadataTree: createFileMetadataTree(tree),
    metadata: {
      tufRoot,
      tufTimestamp: timestamp,
      notaryCertificates: await readNotaryCertificates(notary.certificates),
    },
    [Symbol.asyncDispose]: async () => timestamp?.signer.close(),
  };
}

async function openTimestampSigner(tuf: Config['tuf']): Promise<TimestampSigner | undefined> {
  const { timestampKey: name, timestampPassphraseFile: passphraseFile } = tuf;
  if (name === undefined) return undefined;
  const ask = () =>
    Promise.reject(
      new SignpostError('CONFIG_INVALID', `${name} is protected: name tuf.timestampPassphraseFile`),
    );
  return { signer: await openRawSigner({ name, passphraseFile, ask }), life: tuf.timestampValidity };
}

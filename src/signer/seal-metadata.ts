import { SignpostError } from '../oci/errors.ts';
import type { RawSigner } from '../ports/raw-signing.ts';
import { keyIdOf, tufKeyOf } from '../trust/tuf/key.ts';
import { type Metadata, metadataLimits } from '../trust/tuf/metadata.ts';
import { formatMetadata, signedBytes } from '../trust/tuf/next-metadata.ts';

/** Signs a file of TUF metadata with each of the keys. */
export async function sealMetadata(
  metadata: Metadata,
  signers: readonly RawSigner[],
): Promise<{ readonly bytes: Uint8Array; readonly keyids: readonly string[] }> {
  const message = signedBytes(metadata);
  const signatures = [];
  for (const signer of signers) {
    const keyid = keyIdOf(tufKeyOf(signer.publicKey));
    signatures.push({ keyid, sig: Buffer.from(await signer.sign(message)).toString('hex') });
  }
  const bytes = formatMetadata(metadata, signatures);
  const limit = metadataLimits[metadata._type];
  if (bytes.length > limit) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `the TUF ${metadata._type} metadata would have ${bytes.length} bytes: clients read at most ${limit}`,
    );
  }
  return { bytes, keyids: signatures.map(({ keyid }) => keyid) };
}

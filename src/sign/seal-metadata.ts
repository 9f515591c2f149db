import type { RawSigner } from '../ports/raw-signing.ts';
import { keyIdOf, tufKeyOf } from '../trust/tuf/key.ts';
import type { Metadata } from '../trust/tuf/metadata.ts';
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
  return { bytes: formatMetadata(metadata, signatures), keyids: signatures.map(({ keyid }) => keyid) };
}

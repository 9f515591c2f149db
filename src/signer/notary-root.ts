import { SignpostError } from '../oci/errors.ts';
import type { RawSigner } from '../ports/raw-signing.ts';
import { notaryKeyOf, notaryRootKeyOf } from '../trust/notary-v1/key.ts';
import type { NotaryRoot } from '../trust/notary-v1/metadata.ts';
import {
  formatNotaryFile,
  nextNotaryRoot,
  notarySignature,
  notarySignedBytes,
} from '../trust/notary-v1/next-metadata.ts';
import { readNotaryFile } from '../trust/notary-v1/read-metadata.ts';

/** Public keys in DER SubjectPublicKeyInfo. */
export interface NotaryRootPlan {
  readonly targets: Uint8Array;
  readonly snapshot: Uint8Array;
  readonly timestamp: Uint8Array;
}

/**
 * The Notary v1 root that follows `previous`, signed by its own root key and, when that is another one, by the root
 * key before it. Each signer comes with its certificate, whose common name says for which repositories it stands.
 * @throws SignpostError TRUST, USAGE, REQUEST_INVALID, DENIED
 */
export async function makeNotaryRoot(
  previous: Uint8Array | undefined,
  signer: RawSigner,
  formerSigner: RawSigner | undefined,
  plan: NotaryRootPlan,
  expires: number,
): Promise<{ readonly root: NotaryRoot; readonly bytes: Uint8Array }> {
  const before = previous && readNotaryFile(previous, 'Root', 'the previous root').signed;
  const root = nextNotaryRoot(
    before,
    {
      root: [rootKeyOf(signer)],
      targets: notaryKeyOf(plan.targets),
      snapshot: notaryKeyOf(plan.snapshot),
      timestamp: notaryKeyOf(plan.timestamp),
    },
    expires,
  );
  const message = notarySignedBytes(root);
  const signatures = [];
  for (const one of formerSigner === undefined ? [signer] : [signer, formerSigner]) {
    signatures.push(notarySignature(rootKeyOf(one), await one.sign(message)));
  }
  const trusted = before?.roles.root.keyids ?? [];
  if (trusted.length > 0 && !signatures.some(({ keyid }) => trusted.includes(keyid))) {
    throw new SignpostError(
      'TRUST',
      'clients follow a new root certificate only when the one before signs too: name it with --previous-key',
    );
  }
  return { root, bytes: formatNotaryFile(root, signatures) };
}

function rootKeyOf({ certificates }: RawSigner) {
  const [certificate] = certificates ?? [];
  if (certificate === undefined)
    throw new SignpostError('USAGE', 'a Notary v1 root key needs its certificate');
  return notaryRootKeyOf(certificate);
}

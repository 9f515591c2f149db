import type { FormatReader } from '../../ports/signing.ts';
import { readCosign } from '../../trust/cosign/read-cosign.ts';
import { readSigstore } from '../../trust/sigstore/read-sigstore.ts';
import type { VerifyingKey } from '../../trust/verifying-key.ts';

/** Reads cosign's attached signatures with these public keys. */
export function createCosignReader(keys: readonly VerifyingKey[]): FormatReader {
  return {
    format: 'cosign',
    fingerprints: fingerprintsOf(keys),
    read: (envelope) => Promise.resolve(readCosign(envelope, keys)),
  };
}

/** Reads sigstore bundles with these public keys. */
export function createSigstoreReader(keys: readonly VerifyingKey[]): FormatReader {
  return {
    format: 'sigstore',
    fingerprints: fingerprintsOf(keys),
    read: (envelope) => Promise.resolve(readSigstore(envelope, keys)),
  };
}

function fingerprintsOf(keys: readonly VerifyingKey[]): readonly string[] {
  return [...new Set(keys.map(({ fingerprint }) => fingerprint))];
}

import { readCosign } from './cosign/read-cosign.ts';
import { createChainMemory } from './notation/opened-chain.ts';
import { readNotation } from './notation/read-notation.ts';
import type { TrustedRoot } from './notation/trusted-root.ts';
import type { FormatReader, SignatureReader } from './signing.ts';
import { readSigstore } from './sigstore/read-sigstore.ts';
import { readSimpleEvidence } from './simple-evidence.ts';
import type { VerifyingKey } from './verifying-key.ts';

/** Reads containers/image simple signatures with the OpenPGP keys that `reader` knows. */
export function createSimpleReader(reader: SignatureReader): FormatReader {
  return {
    format: 'simple',
    fingerprints: reader.fingerprints,
    read: (envelope, now) => readSimpleEvidence(reader.read(envelope, now)),
  };
}

/** Reads cosign's attached signatures with these public keys. */
export function createCosignReader(keys: readonly VerifyingKey[]): FormatReader {
  return {
    format: 'cosign',
    fingerprints: fingerprintsOf(keys),
    read: (envelope) => readCosign(envelope, keys),
  };
}

/** Reads sigstore bundles with these public keys. */
export function createSigstoreReader(keys: readonly VerifyingKey[]): FormatReader {
  return {
    format: 'sigstore',
    fingerprints: fingerprintsOf(keys),
    read: (envelope) => readSigstore(envelope, keys),
  };
}

/** Reads Notary Project signatures whose certificates end in one of `roots`. */
export function createNotationReader(roots: readonly TrustedRoot[]): FormatReader {
  const open = createChainMemory();
  return {
    format: 'notation',
    fingerprints: fingerprintsOf(roots),
    read: (envelope, now) => readNotation(envelope, roots, now, open),
  };
}

function fingerprintsOf(keys: readonly { readonly fingerprint: string }[]): readonly string[] {
  return [...new Set(keys.map(({ fingerprint }) => fingerprint))];
}

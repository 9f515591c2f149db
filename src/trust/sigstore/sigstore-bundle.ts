import { constantOf, objectOf, onlyOf, readBase64, textOf } from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';

export const bundleType = 'application/vnd.dev.sigstore.bundle.v0.3+json';
export const payloadType = 'application/vnd.in-toto+json';

/** The parts of a sigstore bundle that is signed by a key of one's own (sigstore, protobuf-specs, Bundle). */
export interface SigstoreBundle {
  /** The in-toto statement. */
  readonly payload: Uint8Array;
  /** DER of an ECDSA-Sig-Value. */
  readonly signature: Uint8Array;
  /** Which key: the base64 of the SHA-256 of its DER SubjectPublicKeyInfo. */
  readonly hint: string;
}

export function formatSigstoreBundle({ payload, signature, hint }: SigstoreBundle): Uint8Array {
  const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return Buffer.from(
    JSON.stringify({
      mediaType: bundleType,
      verificationMaterial: { publicKey: { hint } },
      dsseEnvelope: { payload: encode(payload), payloadType, signatures: [{ sig: encode(signature) }] },
    }),
  );
}

/** What a transparency log or a timestamp authority adds is refused: nothing here verifies it. */
const readBundle = objectOf({
  mediaType: constantOf(bundleType),
  verificationMaterial: objectOf({
    publicKey: objectOf({ hint: textOf(/^[A-Za-z0-9+/]{43}=$/, 'the base64 of a SHA-256') }),
  }),
  dsseEnvelope: objectOf({
    payload: readBase64,
    payloadType: constantOf(payloadType),
    signatures: onlyOf(objectOf({ sig: readBase64 })),
  }),
});

/**
 * Reads a bundle that is signed by a bare key.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseSigstoreBundle(bytes: Uint8Array): SigstoreBundle {
  const where = 'the bundle';
  const { verificationMaterial, dsseEnvelope } = readBundle(parseStrictJson(bytes, where), where);
  return {
    payload: dsseEnvelope.payload,
    signature: dsseEnvelope.signatures.sig,
    hint: verificationMaterial.publicKey.hint,
  };
}

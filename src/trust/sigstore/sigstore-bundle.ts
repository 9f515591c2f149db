import { isArray, parseStrictJson, readBase64, readField, readFields } from '../strict-json.ts';

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

/**
 * Reads a bundle that is signed by a bare key. What a transparency log or a timestamp authority adds is refused: nothing
 * here verifies it.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseSigstoreBundle(bytes: Uint8Array): SigstoreBundle {
  const where = 'the bundle';
  const bundle = readFields(
    parseStrictJson(bytes, where),
    ['mediaType', 'verificationMaterial', 'dsseEnvelope'] as const,
    where,
  );
  readConstant(bundle.mediaType, bundleType, `${where}'s mediaType`);
  const material = readFields(bundle.verificationMaterial, ['publicKey'] as const, 'verificationMaterial');
  const { hint } = readFields(material.publicKey, ['hint'] as const, 'publicKey');
  const envelope = readFields(
    bundle.dsseEnvelope,
    ['payload', 'payloadType', 'signatures'] as const,
    'dsseEnvelope',
  );
  readConstant(envelope.payloadType, payloadType, 'payloadType');
  const [only] = readField(envelope.signatures, isSingle, 'one signature', 'signatures');
  const signature = readFields(only, ['sig'] as const, 'signatures[0]');
  return {
    payload: readBase64(envelope.payload, 'payload'),
    signature: readBase64(signature.sig, 'sig'),
    hint: readField(hint, isHint, 'the base64 of a SHA-256', 'hint'),
  };
}

function isHint(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9+/]{43}=$/.test(value);
}

function isSingle(value: unknown): value is readonly [unknown] {
  return isArray(value) && value.length === 1;
}

function readConstant(value: unknown, constant: string, where: string): void {
  readField(value, (found): found is string => found === constant, `"${constant}"`, where);
}

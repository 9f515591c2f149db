import { createHash, sign } from 'node:crypto';
import { toRawSignature } from '../../../../src/trust/ecdsa-signature.ts';
import { canonicalJson } from '../../../../src/trust/canonical-json.ts';
import { keyIdOf, tufKeyOf } from '../../../../src/trust/tuf/key.ts';
import type { RawKey } from '../../../fakes/raw-keys.ts';

/** What is signed of a file of metadata, of TUF or of Notary v1, as plain JSON. */
export type SignedPart = Record<string, unknown>;

/** A file of TUF metadata with other content, signed by whoever has these keys. */
export function resignTuf(
  file: Uint8Array,
  keys: readonly RawKey[],
  change: (signed: SignedPart) => SignedPart,
): Buffer {
  const signed = change(readSigned(file).signed);
  const signatures = keys.map((key) => ({
    keyid: keyIdOf(tufKeyOf(key.publicKey.export({ type: 'spki', format: 'der' }))),
    sig: sign('sha256', Buffer.from(canonicalJson(signed)), key.privateKey).toString('hex'),
  }));
  return Buffer.from(JSON.stringify({ signatures, signed }));
}

/** The same for Notary v1, with the key that had signed it before. */
export function resignNotary(
  file: Uint8Array,
  key: RawKey,
  change: (signed: SignedPart) => SignedPart,
): Buffer {
  const before = readSigned(file);
  const signed = change(before.signed);
  const der = sign('sha256', Buffer.from(canonicalJson(signed)), key.privateKey);
  const sig = Buffer.from(toRawSignature(der, 32)).toString('base64');
  const signatures = before.signatures.map((signature) => ({ ...signature, sig }));
  return Buffer.from(JSON.stringify({ signed, signatures }));
}

/** How one file of TUF metadata names another one. */
export function describeFile(bytes: Uint8Array) {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { version: Number(readSigned(bytes).signed.version), length: bytes.length, hashes: { sha256 } };
}

export function readSigned(file: Uint8Array): { signatures: SignedPart[]; signed: SignedPart } {
  return JSON.parse(Buffer.from(file).toString('utf8')) as { signatures: SignedPart[]; signed: SignedPart };
}

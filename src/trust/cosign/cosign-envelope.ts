import { type Read, objectOf, readBase64 } from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';

/** A payload and the signature over it: what the attached form keeps in a layer and in its annotation. */
export type CosignEnvelope = Read<typeof readEnvelope>;
const readEnvelope = objectOf({
  payload: readBase64,
  /** DER of an ECDSA-Sig-Value. */
  signature: readBase64,
});

export function formatCosignEnvelope({ payload, signature }: CosignEnvelope): Uint8Array {
  const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return Buffer.from(JSON.stringify({ payload: encode(payload), signature: encode(signature) }));
}

/** @throws SignpostError REQUEST_INVALID */
export function parseCosignEnvelope(bytes: Uint8Array): CosignEnvelope {
  const where = 'the envelope';
  return readEnvelope(parseStrictJson(bytes, where), where);
}

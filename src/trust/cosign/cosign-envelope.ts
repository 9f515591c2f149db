import { parseStrictJson, readBase64, readFields } from '../strict-json.ts';

/** A payload and the signature over it: what the attached form keeps in a layer and in its annotation. */
export interface CosignEnvelope {
  readonly payload: Uint8Array;
  /** DER of an ECDSA-Sig-Value. */
  readonly signature: Uint8Array;
}

export function formatCosignEnvelope({ payload, signature }: CosignEnvelope): Uint8Array {
  const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return Buffer.from(JSON.stringify({ payload: encode(payload), signature: encode(signature) }));
}

/** @throws SignpostError REQUEST_INVALID */
export function parseCosignEnvelope(bytes: Uint8Array): CosignEnvelope {
  const where = 'the envelope';
  const fields = readFields(parseStrictJson(bytes, where), ['payload', 'signature'] as const, where);
  return {
    payload: readBase64(fields.payload, `${where} payload`),
    signature: readBase64(fields.signature, `${where} signature`),
  };
}

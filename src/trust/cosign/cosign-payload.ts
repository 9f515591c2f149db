import { type CriticalFields, formatCritical, parseCritical } from '../critical-fields.ts';
import { quote } from '../../oci/digest.ts';
import { constantOf, objectOf } from '../json-reader.ts';
import { type SignedLife, formatSignedLife, lifeFields } from './signed-life.ts';

/** What a cosign signature in its attached form says (cosign, specs/SIGNATURE_SPEC.md, "Payloads"). */
export interface CosignPayload extends CriticalFields, SignedLife {}

const signatureType = 'cosign container image signature';

/** The payload that is signed. */
export function formatCosignPayload(content: CosignPayload): Uint8Array {
  const critical = formatCritical(content, signatureType);
  // The reference is there twice: cosign compares annotations (`cosign verify -a reference=`), and never the identity.
  const optional = { reference: content.reference, ...formatSignedLife(content) };
  return Buffer.from(JSON.stringify({ critical, optional }));
}

/**
 * Reads a payload as {@link formatCosignPayload} writes it, with its keys in any order. The second reference may be
 * missing: `cosign sign` writes none unless it is told to.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseCosignPayload(bytes: Uint8Array): CosignPayload {
  const { reference, digest, optional } = parseCritical(bytes, signatureType);
  const expected = `the docker-reference, ${quote(reference)}`;
  const readOptional = objectOf(lifeFields, { reference: constantOf(reference, expected) });
  return { ...readOptional(optional, 'optional'), reference, digest };
}

import { type CriticalFields, formatCritical, parseCritical } from '../critical-fields.ts';
import { type SignedLife, formatSignedLife, readSignedLife } from './signed-life.ts';

/** What a cosign signature in its attached form says (cosign, specs/SIGNATURE_SPEC.md, "Payloads"). */
export interface CosignPayload extends CriticalFields, SignedLife {}

const signatureType = 'cosign container image signature';

/** The payload that is signed. */
export function formatCosignPayload(content: CosignPayload): Uint8Array {
  const critical = formatCritical(content, signatureType);
  return Buffer.from(JSON.stringify({ critical, optional: formatSignedLife(content) }));
}

/**
 * Reads a payload as {@link formatCosignPayload} writes it, with its keys in any order.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseCosignPayload(bytes: Uint8Array): CosignPayload {
  const { reference, digest, optional } = parseCritical(bytes, signatureType);
  return { reference, digest, ...readSignedLife(optional, 'optional') };
}

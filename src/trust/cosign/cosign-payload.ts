import { type CriticalFields, formatCritical, parseCritical } from '../critical-fields.ts';
import { quote } from '../../oci/digest.ts';
import { readField } from '../strict-json.ts';
import { type SignedLife, formatSignedLife, readSignedLife } from './signed-life.ts';

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
  const { again, life } = splitReference(optional);
  readField(
    again === undefined ? reference : again,
    (value): value is string => value === reference,
    `the docker-reference, ${quote(reference)}`,
    'optional.reference',
  );
  return { reference, digest, ...readSignedLife(life, 'optional') };
}

function splitReference(optional: unknown): { readonly again?: unknown; readonly life: unknown } {
  if (typeof optional !== 'object' || optional === null) return { life: optional };
  if (!Object.hasOwn(optional, 'reference')) return { life: optional };
  const { reference: again, ...life } = optional as Readonly<Record<string, unknown>>;
  return { again, life };
}

import { z } from 'zod';
import { SignpostError } from '../../../oci/errors.ts';
import { parseJson } from '../../../oci/parse-json.ts';
import { signaturesLimit } from '../../../ports/tree.ts';

/** In bytes: what containers/image reads at most. */
export const signatureListLimit = 4 * 1024 * 1024;

const schema = z.object({
  signatures: z
    .array(z.object({ schemaVersion: z.number(), type: z.string(), content: z.base64() }))
    .max(signaturesLimit)
    .nullish(),
});

/**
 * Reads what the signature extension of a registry answers (containers/image, docs/signature-protocols.md). Other kinds
 * of signatures than its own are left out.
 * @throws SignpostError SOURCE_INVALID
 */
export function parseSignatureList(bytes: Uint8Array): readonly Uint8Array[] {
  try {
    const { signatures } = schema.parse(parseJson(bytes, 'it', 'SOURCE_INVALID'));
    return (signatures ?? [])
      .filter(({ schemaVersion, type }) => schemaVersion === 2 && type === 'atomic')
      .map(({ content }) => Buffer.from(content, 'base64'));
  } catch (cause) {
    throw new SignpostError('SOURCE_INVALID', 'the list of signatures is not one', { cause });
  }
}

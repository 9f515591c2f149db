import { type Digest, digestHex } from '../../oci/digest.ts';
import { type SignedLife, formatSignedLife, lifeFields } from '../cosign/signed-life.ts';
import { type CriticalFields, readReference } from '../critical-fields.ts';
import { constantOf, objectOf, onlyOf, textOf } from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';

/** What a sigstore bundle of an image signs. */
export interface ImageStatement extends CriticalFields, SignedLife {}

const statementType = 'https://in-toto.io/Statement/v1';
/** What cosign 3 signs images with. */
export const predicateType = 'https://sigstore.dev/cosign/sign/v1';

/**
 * An in-toto statement, version 1, as `cosign sign -a` makes it: the digest is the subject, its annotations say the
 * rest, and the predicate is empty.
 */
export function formatImageStatement(content: ImageStatement): Uint8Array {
  const { reference, digest } = content;
  const annotations = { reference, ...formatSignedLife(content) };
  return Buffer.from(
    JSON.stringify({
      _type: statementType,
      subject: [{ digest: { sha256: digestHex(digest) }, annotations }],
      predicateType,
      predicate: {},
    }),
  );
}

const readStatement = objectOf({
  _type: constantOf(statementType),
  predicateType: constantOf(predicateType),
  predicate: objectOf({}),
  subject: onlyOf(
    objectOf({
      digest: objectOf({ sha256: textOf(/^[0-9a-f]{64}$/, '64 hexadecimal digits') }),
      annotations: objectOf({ reference: readReference, ...lifeFields }),
    }),
  ),
});

/**
 * Reads a statement about one image, with its keys in any order.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseImageStatement(bytes: Uint8Array): ImageStatement {
  const where = 'the statement';
  const { digest, annotations } = readStatement(parseStrictJson(bytes, where), where).subject;
  return { ...annotations, digest: `sha256:${digest.sha256}` as Digest };
}

import { type Digest, digestHex, isDigest } from '../../oci/digest.ts';
import { type SignedLife, formatSignedLife, readSignedLife } from '../cosign/signed-life.ts';
import { type CriticalFields, readReference } from '../critical-fields.ts';
import { isArray, parseStrictJson, readField, readFields } from '../strict-json.ts';

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

/**
 * Reads a statement about one image, with its keys in any order.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseImageStatement(bytes: Uint8Array): ImageStatement {
  const where = 'the statement';
  const statement = readFields(
    parseStrictJson(bytes, where),
    ['_type', 'subject', 'predicateType', 'predicate'] as const,
    where,
  );
  readConstant(statement._type, statementType, `${where}'s type`);
  readConstant(statement.predicateType, predicateType, `${where}'s predicateType`);
  readFields(statement.predicate, [], `${where}'s predicate`);
  const subjects = readField(statement.subject, isArray, 'a list', `${where}'s subject`);
  const [only] = readField(subjects, isSingle, 'one subject', `${where}'s subject`);
  const subject = readFields(only, ['digest', 'annotations'] as const, 'the subject');
  const digests = readFields(subject.digest, ['sha256'] as const, "the subject's digest");
  const annotations = readFields(
    subject.annotations,
    ['reference', 'creator', 'created', 'expires', 'serial'] as const,
    "the subject's annotations",
  );
  const { reference, ...life } = annotations;
  return {
    reference: readReference(reference, "the subject's reference"),
    digest: readDigest(digests.sha256),
    ...readSignedLife(life, "the subject's annotations"),
  };
}

function readDigest(hex: unknown): Digest {
  return readField(`sha256:${String(hex)}`, isDigest, '64 hexadecimal digits', "the subject's digest");
}

function readConstant(value: unknown, constant: string, where: string): void {
  readField(value, (found): found is string => found === constant, `"${constant}"`, where);
}

function isSingle(value: unknown): value is readonly [unknown] {
  return isArray(value) && value.length === 1;
}

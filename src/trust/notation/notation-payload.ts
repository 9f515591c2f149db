import { isMediaType } from '../../oci/descriptor.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import { readReference } from '../critical-fields.ts';
import type { Statement } from '../statement.ts';
import { isCount, parseStrictJson, readField, readFields } from '../strict-json.ts';

/** What a Notary Project signature is about. */
export interface NotationTarget {
  readonly mediaType: string;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** User metadata; undefined where there is none. */
  readonly metadata: unknown;
}

/** What the user metadata has to say: the format itself names neither a tag nor a repository. */
type NotationMetadata = Pick<Statement, 'reference' | 'serial' | 'creator'>;

/**
 * The payload that is signed (Notary Project, signature-specification.md, "Payload"). The metadata is what
 * `notation sign --user-metadata` writes, and `notation verify --user-metadata` can demand.
 */
export function formatNotationPayload(
  content: NotationMetadata & Omit<NotationTarget, 'metadata'>,
): Uint8Array {
  const { mediaType, digest, size, reference, serial, creator } = content;
  const annotations = { creator, reference, serial: String(serial) };
  return Buffer.from(JSON.stringify({ targetArtifact: { mediaType, digest, size, annotations } }));
}

/**
 * Reads a payload, with its keys in any order.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseNotationPayload(bytes: Uint8Array): NotationTarget {
  const payload = readFields(
    parseStrictJson(bytes, 'the payload'),
    ['targetArtifact'] as const,
    'the payload',
  );
  const described = Object.hasOwn(Object(payload.targetArtifact), 'annotations');
  const keys = ['mediaType', 'digest', 'size', ...(described ? (['annotations'] as const) : [])] as const;
  const target: Readonly<Partial<Record<(typeof keys)[number], unknown>>> = readFields(
    payload.targetArtifact,
    keys,
    'targetArtifact',
  );
  return {
    mediaType: readField(target.mediaType, isMediaType, 'a media type', 'targetArtifact.mediaType'),
    digest: readField(target.digest, isDigest, 'a digest', 'targetArtifact.digest'),
    size: readField(target.size, isCount, 'a number of bytes', 'targetArtifact.size'),
    metadata: target.annotations,
  };
}

/**
 * Reads the user metadata of a payload.
 * @throws SignpostError REQUEST_INVALID
 */
export function readNotationMetadata(metadata: unknown): NotationMetadata {
  const where = 'the user metadata';
  const fields = readFields(metadata ?? {}, ['creator', 'reference', 'serial'] as const, where);
  return {
    reference: readReference(fields.reference, `${where}'s reference`),
    serial: Number(readField(fields.serial, isDecimal, 'a whole number in a string', `${where}'s serial`)),
    creator: readField(fields.creator, isCreator, 'at most 256 characters', `${where}'s creator`),
  };
}

/** One spelling a number, and exact in a double. */
function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^(?:0|[1-9][0-9]{0,14})$/.test(value);
}

function isCreator(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 256;
}

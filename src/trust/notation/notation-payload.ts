import { isMediaType } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { readReference } from '../critical-fields.ts';
import {
  type Reader,
  countOf,
  objectOf,
  readAnything,
  readDigest,
  textOf,
  textUpTo,
  valueOf,
} from '../json-reader.ts';
import type { Statement } from '../statement.ts';
import { parseStrictJson } from '../strict-json.ts';

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

const readPayload = objectOf({
  targetArtifact: objectOf(
    {
      mediaType: valueOf(isMediaType, 'a media type'),
      digest: readDigest,
      size: countOf('a number of bytes'),
    },
    { annotations: readAnything },
  ),
});

/**
 * Reads a payload, with its keys in any order.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseNotationPayload(bytes: Uint8Array): NotationTarget {
  const where = 'the payload';
  const { annotations: metadata, ...target } = readPayload(
    parseStrictJson(bytes, where),
    where,
  ).targetArtifact;
  return { ...target, metadata };
}

/** One spelling a number, and exact in a double. */
const readDecimal = textOf(/^(?:0|[1-9][0-9]{0,14})$/, 'a whole number in a string');

const readMetadata: Reader<NotationMetadata> = objectOf({
  creator: textUpTo(256),
  reference: readReference,
  serial: (value, where) => Number(readDecimal(value, where)),
});

/**
 * Reads the user metadata of a payload.
 * @throws SignpostError REQUEST_INVALID
 */
export function readNotationMetadata(metadata: unknown): NotationMetadata {
  return readMetadata(metadata ?? {}, 'the user metadata');
}

import { parseJson } from '../oci/parse-json.ts';
import { type Digest, isDigest, quote } from '../oci/digest.ts';

/** A contents list: a file `contents/<digest>` of the tree. */
export interface ContentsReference {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

/** What `publication.json` says: how far a copy of the tree is, and which index says what is in it. */
export interface PublicationMarker {
  readonly serial: number;
  readonly contents: ContentsReference;
}

/** The most that a `publication.json` may have, in bytes: ours have less than 200. */
export const markerLimit = 4096;

/** The marker, or what is wrong with it. Anybody may have written it: it never throws. */
export function parsePublicationMarker(bytes: Uint8Array): PublicationMarker | { readonly wrong: string } {
  if (bytes.length > markerLimit) return { wrong: `it is larger than ${markerLimit} bytes` };
  let value: unknown;
  try {
    value = parseJson(bytes, 'it', 'SOURCE_INVALID');
  } catch {
    return { wrong: 'it is not JSON' };
  }
  if (!isObject(value)) return { wrong: `it is ${quote(value)}: expected an object` };
  const { serial, contents } = value;
  if (!isCount(serial)) return { wrong: `its serial is ${quote(serial)}: expected a whole number` };
  if (!isObject(contents)) return { wrong: 'its contents are not an object' };
  const { digest, size } = contents;
  if (!isDigest(digest)) return { wrong: `the digest of its contents is ${quote(digest)}` };
  if (!isCount(size)) return { wrong: `the size of its contents is ${quote(size)}` };
  return { serial, contents: { digest, size } };
}

/** The bytes of `publication.json`. */
export function formatPublicationMarker({
  serial,
  contents: { digest, size },
}: PublicationMarker): Uint8Array {
  return Buffer.from(`${JSON.stringify({ serial, contents: { digest, size } })}\n`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

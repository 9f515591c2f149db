import { isMediaType } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RegistryHost, RepositoryName, TagName } from '../../oci/reference.ts';
import { readRegistry, readTarget } from './reference-fields.ts';
import type { Seal } from './seal.ts';
import {
  type SealedContent,
  type SealedLimits,
  createSealer,
  createUnsealer,
  readHeaderFields,
} from './sealed-lines.ts';
import { isArray, isCount, readBase64, readField, readFields } from '../strict-json.ts';

/** What a signing request says of itself. */
export interface RequestHeader {
  readonly registry: RegistryHost;
  readonly serial: number;
  /** Seconds since the epoch. */
  readonly created: number;
  /** 32 hexadecimal digits that no other request has. */
  readonly nonce: string;
}

/** A manifest as bytes. Whoever reads it derives the digest: a request has none. */
interface RequestedManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** A tag that waits for signatures: its list and every manifest that the list names. */
export interface RequestedImage {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  readonly list: RequestedManifest;
  readonly manifests: readonly RequestedManifest[];
  /**
   * Simple signatures that are published for the list that the tag names now. They show a signer whose record was put
   * back to an older state what it has forgotten: it made them itself.
   */
  readonly published?: readonly Uint8Array[];
}

/** As many published signatures of a tag are looked at, of that many bytes each. */
const publishedLimit = 8;
const publishedBytes = 16 * 1024;

/** A list of 4 MiB and a good number of manifests fit into a line; 10,000 usual images into a file. */
export const requestLimits: SealedLimits = {
  name: 'the signing request',
  line: 64 * 1024 * 1024,
  total: 4 * 1024 * 1024 * 1024,
  images: 100_000,
};

const type = 'signpost-signing-request';

/** Makes the lines of a request: the header, an image at a time, the end. */
export function createRequestFormatter(): {
  header(header: RequestHeader): string;
  image(image: RequestedImage): string;
  message(): Uint8Array;
  end(seal?: Seal): string;
} {
  const sealer = createSealer();
  return {
    header: ({ registry, serial, created, nonce }) =>
      sealer.add({ type, version: 1, registry, serial, created, nonce }),
    image: ({ repository, tag, list, manifests, published = [] }) =>
      sealer.add({
        repository,
        tag,
        list: encode(list),
        manifests: manifests.map(encode),
        ...withPublished(choosePublished(published)),
      }),
    message: () => sealer.message(),
    end: (seal) => sealer.end(seal),
  };
}

/** A line of a request, read. */
export type RequestLine =
  | { readonly kind: 'header'; readonly header: RequestHeader }
  | { readonly kind: 'image'; readonly image: RequestedImage }
  | { readonly kind: 'end' };

/**
 * Reads a request line by line, so that it need not fit into memory. Nothing that was read may be acted upon before
 * `end` has returned. Both throw SignpostError REQUEST_INVALID, LIMIT_EXCEEDED.
 */
export function createRequestParser(): {
  line(bytes: Uint8Array): RequestLine;
  /** The SHA-256 of the whole file. */
  end(): Digest;
  /** After `end`: who vouches for it. */
  sealed(): SealedContent;
} {
  const unsealer = createUnsealer(requestLimits);
  let lines = 0;
  return {
    line(bytes) {
      const document = unsealer.add(bytes);
      lines += 1;
      if (document === undefined) return { kind: 'end' };
      return lines === 1
        ? { kind: 'header', header: readHeader(document) }
        : { kind: 'image', image: readImage(document, `the signing request, line ${lines},`) };
    },
    end: () => unsealer.end(),
    sealed: () => unsealer.sealed(),
  };
}

function readHeader(document: unknown): RequestHeader {
  const where = "the signing request's header:";
  const keys = ['registry', 'serial', 'created', 'nonce'] as const;
  const fields = readHeaderFields(document, type, keys, where);
  return {
    registry: readRegistry(fields.registry, where),
    serial: readField(fields.serial, isCount, 'a whole number', `${where} serial`),
    created: readField(fields.created, isCount, 'seconds since the epoch', `${where} created`),
    nonce: readField(fields.nonce, isNonce, '32 hexadecimal digits', `${where} nonce`),
  };
}

function readImage(document: unknown, where: string): RequestedImage {
  const keys = ['repository', 'tag', 'list', 'manifests'] as const;
  const optional = Object.hasOwn(Object(document), 'published');
  const fields: Readonly<Record<(typeof keys)[number] | 'published', unknown>> = optional
    ? readFields(document, [...keys, 'published'] as const, where)
    : { ...readFields(document, keys, where), published: undefined };
  const manifests = readField(fields.manifests, isArray, 'a list', `${where} manifests`);
  return {
    ...readTarget(fields, where),
    list: readManifest(fields.list, `${where} list`),
    manifests: manifests.map((item, index) => readManifest(item, `${where} manifests[${index}]`)),
    ...(optional ? { published: readPublished(fields.published, where) } : {}),
  };
}

function readPublished(value: unknown, where: string): readonly Uint8Array[] {
  const list = readField(value, isShortArray, `a list of 1 to ${publishedLimit}`, `${where} published`);
  return list.map((item, index) => {
    const bytes = readBase64(item, `${where} published[${index}]`);
    readField(
      bytes.length,
      isPublishedSize,
      `at most ${publishedBytes} bytes`,
      `${where} published[${index}]`,
    );
    return bytes;
  });
}

function withPublished(published: readonly Uint8Array[]): { published?: readonly string[] } {
  return published.length === 0 ? {} : { published: published.map(toBase64) };
}

/** The newest ones that are not too large. */
function choosePublished(published: readonly Uint8Array[]): readonly Uint8Array[] {
  return published.filter(({ length }) => isPublishedSize(length)).slice(-publishedLimit);
}

function isShortArray(value: unknown): value is readonly unknown[] {
  return isArray(value) && value.length > 0 && value.length <= publishedLimit;
}

function isPublishedSize(value: unknown): value is number {
  return isCount(value) && value > 0 && value <= publishedBytes;
}

function readManifest(value: unknown, where: string): RequestedManifest {
  const fields = readFields(value, ['mediaType', 'bytes'] as const, where);
  return {
    mediaType: readField(fields.mediaType, isMediaType, 'a media type', `${where} mediaType`),
    bytes: readBase64(fields.bytes, `${where} bytes`),
  };
}

function encode({ mediaType, bytes }: RequestedManifest): { mediaType: string; bytes: string } {
  return { mediaType, bytes: toBase64(bytes) };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function isNonce(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{32}$/.test(value);
}

import { isMediaType } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import {
  type Read,
  countOf,
  listOf,
  objectOf,
  readBase64,
  sizedBytes,
  textOf,
  valueOf,
} from '../json-reader.ts';
import { readRegistry, targetFields } from './reference-fields.ts';
import type { Seal } from './seal.ts';
import { type SealedContent, type SealedLimits, createSealer, createUnsealer } from './sealed-lines.ts';
import { typedDocument } from './typed-document.ts';

const type = 'signpost-signing-request';

/** What a signing request says of itself. */
export type RequestHeader = Read<typeof readHeader>;
const readHeader = typedDocument(type, {
  registry: readRegistry,
  serial: countOf('a whole number'),
  created: countOf('seconds since the epoch'),
  /** No other request has it. */
  nonce: textOf(/^[0-9a-f]{32}$/, '32 hexadecimal digits'),
});

/** A manifest as bytes. Whoever reads it derives the digest: a request has none. */
type RequestedManifest = Read<typeof readManifest>;
const readManifest = objectOf({ mediaType: valueOf(isMediaType, 'a media type'), bytes: readBase64 });

/** As many published signatures of a tag are looked at, of that many bytes each. */
const publishedLimit = 8;
const publishedBytes = 16 * 1024;

/** A tag that waits for signatures: its list and every manifest that the list names. */
export type RequestedImage = Read<typeof readImage>;
const readImage = objectOf(
  { ...targetFields, list: readManifest, manifests: listOf(readManifest) },
  {
    /**
     * Simple signatures that are published for the list that the tag names now. They show a signer whose record was put
     * back to an older state what it has forgotten: it made them itself.
     */
    published: listOf(sizedBytes(readBase64, publishedBytes), 1, publishedLimit),
  },
);

/** A list of 4 MiB and a good number of manifests fit into a line; 10,000 usual images into a file. */
export const requestLimits: SealedLimits = {
  name: 'the signing request',
  line: 64 * 1024 * 1024,
  total: 4 * 1024 * 1024 * 1024,
  images: 100_000,
};

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
        published: encodePublished(published),
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
        ? { kind: 'header', header: readHeader(document, "the signing request's header:") }
        : { kind: 'image', image: readImage(document, `the signing request, line ${lines},`) };
    },
    end: () => unsealer.end(),
    sealed: () => unsealer.sealed(),
  };
}

/** The newest ones that are not too large. JSON.stringify leaves undefined out. */
function encodePublished(published: readonly Uint8Array[]): readonly string[] | undefined {
  const chosen = published
    .filter(({ length }) => length > 0 && length <= publishedBytes)
    .slice(-publishedLimit);
  return chosen.length === 0 ? undefined : chosen.map(toBase64);
}

function encode({ mediaType, bytes }: RequestedManifest): { mediaType: string; bytes: string } {
  return { mediaType, bytes: toBase64(bytes) };
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

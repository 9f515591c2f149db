import type { Digest } from '../../oci/digest.ts';
import {
  type Read,
  type Reader,
  countOf,
  listOf,
  objectOf,
  readBase64,
  readDigest,
  textOf,
  textUpTo,
  valueOf,
} from '../json-reader.ts';
import { type MetadataFile, isMetadataFormat } from '../metadata-file.ts';
import { isSignatureFormat } from '../signature-format.ts';
import { readRegistry, targetFields } from './reference-fields.ts';
import type { Seal } from './seal.ts';
import { type SealedContent, type SealedLimits, createSealer, createUnsealer } from './sealed-lines.ts';
import { typedDocument } from './typed-document.ts';

const type = 'signpost-signature-bundle';
const readFormat = valueOf(isSignatureFormat, 'a signature format');

/** What a signature bundle says of itself. It binds nobody unless the bundle is sealed: the signatures say what counts. */
export type BundleHeader = Read<typeof readHeader>;
const readHeader = typedDocument(type, {
  /** The SHA-256 of the signing request's file. */
  request: readDigest,
  registry: readRegistry,
  serial: countOf('a whole number'),
  created: countOf('seconds since the epoch'),
  expires: countOf('seconds since the epoch'),
  /** The keys that signed, each in its format, by the fingerprints that evidence names them by. */
  signers: listOf(
    objectOf({ format: readFormat, fingerprint: textOf(/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/, 'a fingerprint') }),
  ),
});

/** An envelope of its format that signs `digest`. */
export type BundledSignature = Read<typeof readSignature>;
const readSignature = objectOf({ format: readFormat, digest: readDigest, signature: readBase64 });

/** The signatures of a tag: in each format one for its list and one for each manifest that the list names. */
export type SignedImage = Read<typeof readImage>;
const readImage = objectOf({ ...targetFields, list: readDigest, signatures: listOf(readSignature) });

// Whether the path is one that the format has is for whoever places the file to say.
const readFile: Reader<MetadataFile> = objectOf({
  format: valueOf(isMetadataFormat, 'a format of metadata'),
  path: textUpTo(1024, 'a path'),
  bytes: readBase64,
});

export const bundleLimits: SealedLimits = {
  name: 'the signature bundle',
  line: 16 * 1024 * 1024,
  total: 1024 * 1024 * 1024,
  images: 100_000,
};

/** Makes the lines of a bundle: the header, an image at a time, a file at a time, the end. */
export function createBundleFormatter(): {
  header(header: BundleHeader): string;
  image(image: SignedImage): string;
  file(file: MetadataFile): string;
  message(): Uint8Array;
  end(seal?: Seal): string;
} {
  const sealer = createSealer();
  return {
    header: ({ request, registry, serial, created, expires, signers }) =>
      sealer.add({ type, version: 1, request, registry, serial, created, expires, signers }),
    image: ({ repository, tag, list, signatures }) =>
      sealer.add({
        repository,
        tag,
        list,
        signatures: signatures.map(({ format, digest, signature }) => ({
          format,
          digest,
          signature: Buffer.from(signature).toString('base64'),
        })),
      }),
    file: ({ format, path, bytes }) =>
      sealer.add({ format, path, bytes: Buffer.from(bytes).toString('base64') }),
    message: () => sealer.message(),
    end: (seal) => sealer.end(seal),
  };
}

/** A line of a bundle, read. */
export type BundleLine =
  | { readonly kind: 'header'; readonly header: BundleHeader }
  | { readonly kind: 'image'; readonly image: SignedImage }
  | { readonly kind: 'file'; readonly file: MetadataFile }
  | { readonly kind: 'end' };

/**
 * Reads a bundle line by line. Nothing that was read may be acted upon before `end` has returned. Both throw
 * SignpostError REQUEST_INVALID, LIMIT_EXCEEDED.
 */
export function createBundleParser(): {
  line(bytes: Uint8Array): BundleLine;
  /** The SHA-256 of the whole file. */
  end(): Digest;
  /** After `end`: who vouches for it. */
  sealed(): SealedContent;
} {
  const unsealer = createUnsealer(bundleLimits);
  let lines = 0;
  return {
    line(bytes) {
      const document = unsealer.add(bytes);
      lines += 1;
      if (document === undefined) return { kind: 'end' };
      if (lines === 1) {
        return { kind: 'header', header: readHeader(document, "the signature bundle's header:") };
      }
      const where = `the signature bundle, line ${lines},`;
      return Object.hasOwn(Object(document), 'path')
        ? { kind: 'file', file: readFile(document, where) }
        : { kind: 'image', image: readImage(document, where) };
    },
    end: () => unsealer.end(),
    sealed: () => unsealer.sealed(),
  };
}

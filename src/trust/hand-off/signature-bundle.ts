import { type Digest, isDigest } from '../../oci/digest.ts';
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
import { type MetadataFile, isMetadataFormat } from '../metadata-file.ts';
import { type SignatureFormat, isSignatureFormat } from '../signature-format.ts';
import { isArray, isCount, readBase64, readField, readFields } from '../strict-json.ts';

/** What a signature bundle says of itself. It binds nobody unless the bundle is sealed: the signatures say what counts. */
export interface BundleHeader {
  /** The SHA-256 of the signing request's file. */
  readonly request: Digest;
  readonly registry: RegistryHost;
  readonly serial: number;
  /** Seconds since the epoch. */
  readonly created: number;
  /** Seconds since the epoch. */
  readonly expires: number;
  /** The keys that signed, each in its format, by the fingerprints that evidence names them by. */
  readonly signers: readonly BundleSigner[];
}

interface BundleSigner {
  readonly format: SignatureFormat;
  readonly fingerprint: string;
}

/** An envelope of its format that signs `digest`. */
export interface BundledSignature {
  readonly format: SignatureFormat;
  readonly digest: Digest;
  readonly signature: Uint8Array;
}

/** The signatures of a tag: in each format one for its list and one for each manifest that the list names. */
export interface SignedImage {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  readonly list: Digest;
  readonly signatures: readonly BundledSignature[];
}

export const bundleLimits: SealedLimits = {
  name: 'the signature bundle',
  line: 16 * 1024 * 1024,
  total: 1024 * 1024 * 1024,
  images: 100_000,
};

const type = 'signpost-signature-bundle';

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
      if (lines === 1) return { kind: 'header', header: readHeader(document) };
      const where = `the signature bundle, line ${lines},`;
      return Object.hasOwn(Object(document), 'path')
        ? { kind: 'file', file: readFile(document, where) }
        : { kind: 'image', image: readImage(document, where) };
    },
    end: () => unsealer.end(),
    sealed: () => unsealer.sealed(),
  };
}

function readHeader(document: unknown): BundleHeader {
  const where = "the signature bundle's header:";
  const keys = ['request', 'registry', 'serial', 'created', 'expires', 'signers'] as const;
  const fields = readHeaderFields(document, type, keys, where);
  const signers = readField(fields.signers, isArray, 'a list', `${where} signers`);
  return {
    request: readField(fields.request, isDigest, 'a digest', `${where} request`),
    registry: readRegistry(fields.registry, where),
    serial: readField(fields.serial, isCount, 'a whole number', `${where} serial`),
    created: readField(fields.created, isCount, 'seconds since the epoch', `${where} created`),
    expires: readField(fields.expires, isCount, 'seconds since the epoch', `${where} expires`),
    signers: signers.map((item, index) => readSigner(item, `${where} signers[${index}]`)),
  };
}

function readSigner(value: unknown, where: string): BundleSigner {
  const fields = readFields(value, ['format', 'fingerprint'] as const, where);
  return {
    format: readField(fields.format, isSignatureFormat, 'a signature format', `${where} format`),
    fingerprint: readField(fields.fingerprint, isFingerprint, 'a fingerprint', `${where} fingerprint`),
  };
}

function readImage(document: unknown, where: string): SignedImage {
  const fields = readFields(document, ['repository', 'tag', 'list', 'signatures'] as const, where);
  const signatures = readField(fields.signatures, isArray, 'a list', `${where} signatures`);
  return {
    ...readTarget(fields, where),
    list: readField(fields.list, isDigest, 'a digest', `${where} list`),
    signatures: signatures.map((item, index) => readSignature(item, `${where} signatures[${index}]`)),
  };
}

// Whether the path is one that the format has is for whoever places the file to say.
function readFile(document: unknown, where: string): MetadataFile {
  const fields = readFields(document, ['format', 'path', 'bytes'] as const, where);
  return {
    format: readField(fields.format, isMetadataFormat, 'a format of metadata', `${where} format`),
    path: readField(fields.path, isPath, 'a path', `${where} path`),
    bytes: readBase64(fields.bytes, `${where} bytes`),
  };
}

function readSignature(value: unknown, where: string): BundledSignature {
  const fields = readFields(value, ['format', 'digest', 'signature'] as const, where);
  return {
    format: readField(fields.format, isSignatureFormat, 'a signature format', `${where} format`),
    digest: readField(fields.digest, isDigest, 'a digest', `${where} digest`),
    signature: readBase64(fields.signature, `${where} signature`),
  };
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024;
}

function isFingerprint(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(value);
}

import { Readable } from 'node:stream';
import { type Digest, digestMatches, digestOf } from '../../src/oci/digest.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import type { ByteRange } from '../../src/oci/range.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import { signatureLimit, signaturesLimit, type TreeReader, type TreeWriter } from '../../src/ports/tree.ts';

/** A tree in memory, both sides of it; its maps (keys `repository@digest`) may be looked into and damaged. */
export interface MemoryTree extends TreeReader, TreeWriter {
  readonly manifests: Map<string, Buffer>;
  readonly blobs: Map<string, Buffer>;
  readonly signatures: Map<string, readonly Buffer[]>;
}

/** `staged` is where staged blobs come from: the `blobs` of a memory staging. */
export function createMemoryTree(staged: ReadonlyMap<Digest, Buffer> = new Map()): MemoryTree {
  const manifests = new Map<string, Buffer>();
  const blobs = new Map<string, Buffer>();
  const signatures = new Map<string, readonly Buffer[]>();

  const tree: MemoryTree = {
    manifests,
    blobs,
    signatures,
    readManifest: async (repository, digest) => find(manifests, repository, digest),
    openBlob: async (repository, digest, range) => {
      const bytes = find(blobs, repository, digest);
      return { stream: Readable.from([part(bytes, range)], { objectMode: false }), size: bytes.length };
    },
    readBlob: async (repository, digest, range) => {
      const bytes = part(find(blobs, repository, digest), range);
      if (bytes.length > 1024 * 1024) throw new SignpostError('LIMIT_EXCEEDED', 'too large for memory');
      return bytes;
    },
    readSignatures: async (repository, digest) => signatures.get(key(repository, digest)) ?? [],
    async placeBlob(repository, digest, from) {
      if (typeof from !== 'string') {
        if (!digestMatches(digest, from)) {
          throw new SignpostError('DIGEST_MISMATCH', `blob ${digest}: got ${digestOf(from)}`);
        }
        blobs.set(key(repository, digest), Buffer.from(from));
        return;
      }
      const bytes = from === 'staging' ? staged.get(digest) : blobs.get(key(from, digest));
      if (bytes === undefined) throw new SignpostError('NOT_FOUND', `${from} has no blob ${digest}`);
      if (from === repository) return;
      const there = blobs.get(key(repository, digest));
      if (there === undefined || !digestMatches(digest, there)) blobs.set(key(repository, digest), bytes);
    },
    async placeManifest(repository, digest, bytes) {
      if (!digestMatches(digest, bytes)) {
        throw new SignpostError('DIGEST_MISMATCH', `manifest ${digest}: got ${digestOf(bytes)}`);
      }
      manifests.set(key(repository, digest), Buffer.from(bytes));
    },
    async placeSignatures(repository, digest, list) {
      if (list.length > signaturesLimit || list.some((bytes) => bytes.length > signatureLimit)) {
        throw new SignpostError('LIMIT_EXCEEDED', 'too many or too long signatures');
      }
      signatures.set(
        key(repository, digest),
        list.map((bytes) => Buffer.from(bytes)),
      );
    },
    settle: async () => {},
  };
  return tree;
}

function key(repository: RepositoryName, digest: Digest): string {
  return `${repository}@${digest}`;
}

function find(map: ReadonlyMap<string, Buffer>, repository: RepositoryName, digest: Digest): Buffer {
  const bytes = map.get(key(repository, digest));
  if (bytes !== undefined) return bytes;
  throw new SignpostError('NOT_FOUND', `${repository} has no ${digest}`);
}

function part(bytes: Buffer, range: ByteRange | undefined): Buffer {
  return range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { digestMatches, digestOf } from '../../src/oci/digest.ts';
import { isSignpostError } from '../../src/oci/errors.ts';
import { blobsOf, type Manifest, parseManifest } from '../../src/oci/manifest.ts';
import type { ImageSource, SourceManifest } from '../../src/ports/image-source.ts';
import type { BuiltManifest } from '../fakes/image-builder.ts';

/** A source under test, and what ends everything that was started for it. */
export interface OpenedSource {
  readonly source: ImageSource;
  readonly end: () => Promise<void>;
}

const absent = { mediaType: 'application/octet-stream', digest: digestOf('absent'), size: 6 };

/**
 * What every ImageSource must do. `open` makes a source of an image with several layers, or of a list. `expected` is
 * left out for a source that makes its own manifest.
 */
export function imageSourceContract(
  name: string,
  open: () => Promise<OpenedSource>,
  expected?: BuiltManifest,
): void {
  const using = async (work: (source: ImageSource) => Promise<void>) => {
    const { source, end } = await open();
    try {
      await work(source);
    } finally {
      await source.close();
      await end();
    }
  };

  describe(`image source: ${name}`, () => {
    it('gives a root that is a manifest or a list, the same bytes each time', () =>
      using(async (source) => {
        const first = await source.root();
        assert.deepEqual(Buffer.from((await source.root()).bytes), Buffer.from(first.bytes));
        parse(first);
        if (expected !== undefined) {
          assert.deepEqual(Buffer.from(first.bytes), expected.manifest);
          assert.equal(parse(first).mediaType, expected.mediaType);
        }
        assert.notEqual(source.name, '');
      }));

    it('gives each manifest and blob below the root with the digest and size that name it', () =>
      using(async (source) => {
        const { manifests, blobs } = await walk(source);
        for (const { digest, size } of blobs) {
          const bytes = await readBlob(source, { ...absent, digest, size }, 0);
          assert.equal(bytes.length, size);
          assert.ok(digestMatches(digest, bytes), `blob ${digest}`);
        }
        assert.ok(blobs.length > 1);
        if (expected === undefined) return;
        assert.deepEqual(new Set(blobs.map((blob) => blob.digest)), new Set(expected.blobs.keys()));
        assert.equal(manifests, expected.manifests.size);
      }));

    it('gives a blob from an offset on, or says that it cannot', () =>
      using(async (source) => {
        const blob = (await walk(source)).blobs.at(-1);
        assert.ok(blob !== undefined);
        const whole = await readBlob(source, blob, 0);
        for (const offset of [1, Math.floor(blob.size / 2), blob.size - 1, blob.size]) {
          try {
            assert.deepEqual(await readBlob(source, blob, offset), whole.subarray(offset));
          } catch (error) {
            assert.ok(isSignpostError(error, 'SOURCE_INVALID'), String(error));
          }
        }
      }));

    it('gives several blobs at once', () =>
      using(async (source) => {
        const { blobs } = await walk(source);
        const all = await Promise.all([...blobs, ...blobs].map((blob) => readBlob(source, blob, 0)));
        for (const [index, bytes] of all.entries()) {
          assert.equal(digestOf(bytes), blobs[index % blobs.length]?.digest);
        }
      }));

    it('says NOT_FOUND for a manifest or a blob that it has not', () =>
      using(async (source) => {
        await source.root();
        await assert.rejects(source.manifest(absent), (error) => isSignpostError(error, 'NOT_FOUND'));
        await assert.rejects(readBlob(source, absent, 0), (error) => isSignpostError(error, 'NOT_FOUND'));
      }));

    it('ends a blob when the signal says so', () =>
      using(async (source) => {
        const blob = (await walk(source)).blobs.at(-1);
        assert.ok(blob !== undefined);
        await assert.rejects(readBlob(source, blob, 0, AbortSignal.abort()), (error) =>
          isSignpostError(error, 'CANCELLED'),
        );
      }));

    it('survives a blob that nobody reads to its end, and closing twice', () =>
      using(async (source) => {
        const blob = (await walk(source)).blobs.at(-1);
        assert.ok(blob !== undefined);
        for await (const piece of await source.blob(blob, 0, neverAborted())) {
          assert.ok(piece.length > 0);
          break;
        }
        await source.blob(blob, 0, neverAborted());
        await source.close();
      }));
  });
}

/** All bytes of a blob from `offset` on. */
export async function readBlob(
  source: ImageSource,
  descriptor: Descriptor,
  offset: number,
  signal = neverAborted(),
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of await source.blob(descriptor, offset, signal)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Reads every manifest from the root down, checking each; returns how many, and the blobs that they name. */
export async function walk(
  source: ImageSource,
): Promise<{ readonly manifests: number; readonly blobs: readonly Descriptor[] }> {
  const root = parse(await source.root());
  const below = root.kind === 'list' ? root.manifests : [];
  const images: Manifest[] = root.kind === 'image' ? [root] : [];
  for (const descriptor of below) {
    const read = await source.manifest(descriptor);
    assert.ok(digestMatches(descriptor.digest, read.bytes), `manifest ${descriptor.digest}`);
    images.push(parseManifest(read.bytes, read.mediaType ?? descriptor.mediaType));
  }
  const blobs = images.flatMap((image) => (image.kind === 'image' ? blobsOf(image) : []));
  return {
    manifests: 1 + below.length,
    blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()],
  };
}

function parse({ bytes, mediaType }: SourceManifest): Manifest {
  return parseManifest(bytes, mediaType);
}

function neverAborted(): AbortSignal {
  return new AbortController().signal;
}

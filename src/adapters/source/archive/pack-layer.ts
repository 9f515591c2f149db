import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Digest, parseDigest } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { type Compression, detectCompression, isReadable } from '../../compression/compression.ts';
import { decompress } from '../../compression/decompress.ts';
import { peek } from '../../compression/peek.ts';
import { readPart, type SourceFiles } from '../source-files.ts';
import type { TemporaryFolder } from '../temporary-folder.ts';
import { inParallel } from '../../../parallel/in-parallel.ts';

/** A layer as a registry has it. */
export interface PackedLayer {
  readonly digest: Digest;
  readonly size: number;
  readonly compression: Compression;
  open(offset: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

/** An entry of the archive and the digest of its content before compression. */
export interface WantedLayer {
  readonly entry: string;
  readonly diffId: Digest;
}

export interface PackLayerDeps {
  readonly files: SourceFiles;
  readonly temporary: TemporaryFolder;
  /** Bytes of one layer after decompression. */
  readonly layerLimit: number;
}

const atOnce = 2;
// The level that docker and podman use. With no time in the header, the same layer gives the same bytes.
const gzipLevel = 6;

/**
 * Checks each layer against its diff id and packs what is not packed yet. A layer that comes several times is packed
 * once.
 * @throws SignpostError SOURCE_INVALID, NOT_FOUND, LIMIT_EXCEEDED, STORAGE, CANCELLED
 */
export async function packLayers(
  wanted: readonly WantedLayer[],
  deps: PackLayerDeps,
  signal: AbortSignal,
): Promise<readonly PackedLayer[]> {
  const packed = new Map<Digest, PackedLayer>();
  const queue = [...new Map(wanted.map((layer) => [layer.diffId, layer])).values()];
  await inParallel(queue, atOnce, async (layer, failed) => {
    packed.set(layer.diffId, await packLayer(layer, deps, AbortSignal.any([signal, failed])));
  });
  return wanted.flatMap(({ diffId }) => packed.get(diffId) ?? []);
}

async function packLayer(layer: WantedLayer, deps: PackLayerDeps, signal: AbortSignal): Promise<PackedLayer> {
  const { files } = deps;
  const where = `${files.path}, ${layer.entry}`;
  const unpackedHash = createHash('sha256');
  const packedHash = createHash('sha256');
  const [start, content] = await peek(await files.open(layer.entry, 0, signal));
  let size = 0;
  const count = async function* (pieces: AsyncIterable<Uint8Array>) {
    for await (const piece of pieces) {
      size += piece.length;
      packedHash.update(piece);
      yield piece;
    }
  };
  const compression = detectCompression(start);
  if (compression !== undefined) {
    if (!isReadable(compression)) throw notReadable(where, compression);
    const unpacked = decompress(count(content), compression, deps.layerLimit, where);
    for await (const piece of unpacked) unpackedHash.update(piece);
    checkDiffId(unpackedHash, layer, files.path);
    return {
      digest: finish(packedHash),
      size,
      compression,
      open: (offset, signal) => files.open(layer.entry, offset, signal),
    };
  }
  const target = await deps.temporary.newFile('layer.tar.gz');
  try {
    await pipeline(
      hashed(content, unpackedHash),
      createGzip({ level: gzipLevel }),
      count,
      createWriteStream(target, { flags: 'wx', mode: 0o600 }),
    );
  } catch (cause) {
    if (isSignpostError(cause)) throw cause;
    throw new SignpostError('STORAGE', `cannot pack ${where}: ${(cause as Error).message}`, { cause });
  }
  checkDiffId(unpackedHash, layer, files.path);
  return {
    digest: finish(packedHash),
    size,
    compression: 'gzip',
    open: (offset, signal) => Promise.resolve(readTemporary(target, offset, size, signal)),
  };
}

function checkDiffId(hash: Hash, { entry, diffId }: WantedLayer, path: string): void {
  const found = finish(hash);
  if (found === diffId) return;
  throw new SignpostError(
    'SOURCE_INVALID',
    `${path}: ${entry} has digest ${found}, but the config says ${diffId}`,
  );
}

// An entry's name is tied to its bytes, so that nobody can unpack it inside its archive.
function notReadable(where: string, compression: string): SignpostError {
  return new SignpostError(
    'SOURCE_INVALID',
    `${where} is compressed with ${compression}, which is not read: write the image again with gzip or zstd, as ` +
      `"skopeo copy docker-archive:<file> oci:<folder>" does`,
  );
}

function finish(hash: Hash): Digest {
  return parseDigest(`sha256:${hash.digest('hex')}`);
}

async function* hashed(pieces: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece);
    yield piece;
  }
}

// The file is opened only when the bytes are asked for: a stream that nobody reads holds nothing.
async function* readTemporary(
  path: string,
  offset: number,
  size: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const file = await open(path);
  try {
    yield* readPart(file, offset, size, signal, path);
  } finally {
    await file.close();
  }
}

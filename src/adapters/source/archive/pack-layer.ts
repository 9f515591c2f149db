import { createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { type Digest, parseDigest } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { readPart, type SourceFiles } from '../source-files.ts';
import type { TemporaryFolder } from '../temporary-folder.ts';
import { gunzip, isGzip } from './gunzip.ts';
import { inParallel } from '../../../parallel/in-parallel.ts';

/** A layer as a registry has it. */
export interface PackedLayer {
  readonly descriptor: Descriptor;
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
  if (isGzip(start, where)) {
    for await (const piece of gunzip(count(content), deps.layerLimit, where)) unpackedHash.update(piece);
    checkDiffId(unpackedHash, layer, files.path);
    return {
      descriptor: describe(packedHash, size),
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
    descriptor: describe(packedHash, size),
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

function describe(hash: Hash, size: number): Descriptor {
  return { mediaType: mediaTypes.dockerLayerGzip, size, digest: finish(hash) };
}

function finish(hash: Hash): Digest {
  return parseDigest(`sha256:${hash.digest('hex')}`);
}

/** The first piece, and all pieces with it. */
async function peek(
  pieces: AsyncIterable<Uint8Array>,
): Promise<readonly [start: Uint8Array, all: AsyncIterable<Uint8Array>]> {
  const iterator = pieces[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true) return [new Uint8Array(), pieces];
  const all = async function* () {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return [first.value, all()];
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

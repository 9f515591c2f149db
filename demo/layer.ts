import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Header } from 'tar';
import { digestOf, type Digest } from '../src/oci/digest.ts';

/** A file of a layer. `path` is relative to the root of the image. */
export interface LayerFile {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly bytes: Uint8Array;
}

/** A layer (image-spec 1.1, layer.md): the gzipped tar, and the digest of the tar for `rootfs.diff_ids`. */
export interface Layer {
  readonly bytes: Buffer;
  readonly diffId: Digest;
}

const block = 512;
const compress = promisify(gzip);

/**
 * Packs `files` and the folders above them. The same files give the same bytes on one version of Node: the times and
 * owners are fixed and the order is the one given.
 */
export async function packLayer(files: readonly LayerFile[]): Promise<Layer> {
  const folders = [...new Set(files.flatMap((file) => foldersAbove(file.path)))];
  const tar = Buffer.concat([
    ...folders.map((path) => header({ path: `${path}/`, mode: 0o755, size: 0, type: 'Directory' })),
    ...files.flatMap(({ path, mode, bytes }) => [
      header({ path, mode, size: bytes.length, type: 'File' }),
      bytes,
      Buffer.alloc((block - (bytes.length % block)) % block),
    ]),
    Buffer.alloc(2 * block),
  ]);
  return { bytes: await compress(tar, { level: 6 }), diffId: digestOf(tar) };
}

function foldersAbove(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

function header(entry: { path: string; mode: number; size: number; type: 'File' | 'Directory' }): Buffer {
  const bytes = Buffer.alloc(block);
  const fields = { ...entry, uid: 0, gid: 0, uname: 'root', gname: 'root', mtime: new Date(0) };
  const needsPax = new Header(fields).encode(bytes, 0);
  if (needsPax) throw new RangeError(`${entry.path} does not fit in a plain tar header`);
  return bytes;
}

import type { Dirent } from 'node:fs';
import { opendir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTypedName } from '../../tree/typed-manifest.ts';
import { isDigest } from '../../oci/digest.ts';
import { isRepositoryName } from '../../oci/reference.ts';
import type { ContentInspector, StoredFile } from '../../ports/content-inspector.ts';
import { findMetadataPath } from '../../trust/metadata-path.ts';
import { isAbsent, isTemporaryName, statIfThere } from '../files/atomic-file.ts';
import { hashFile } from '../files/hash-file.ts';
import { storageError } from '../files/storage-error.ts';
import { blobPath, manifestPath } from './tree-paths.ts';

/** Looks at the tree, the staging area and the temporary files below the folder `data`. */
export function createFileContentInspector(data: string): ContentInspector {
  const tree = join(data, 'tree');
  return {
    async *files() {
      for (const folder of ['tree', 'staging', 'temporary']) yield* walk(data, folder);
    },
    hash: (path, signal) => hashFile(join(data, path), { signal }),
    sizeOf: async (kind, repository, digest) => {
      const path = (kind === 'blob' ? blobPath : manifestPath)(tree, repository, digest);
      return statIfThere(path)?.size;
    },
    remove: async (path) => {
      try {
        await rm(join(data, path), { force: true });
      } catch (cause) {
        throw storageError(`remove ${join(data, path)}`, cause);
      }
    },
  };
}

async function* walk(data: string, folder: string): AsyncIterable<StoredFile> {
  const folders: string[] = [];
  for await (const entry of entriesOf(join(data, folder))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      folders.push(path);
      continue;
    }
    const found = await describe(data, path, entry);
    if (found !== undefined) yield found;
  }
  for (const path of folders) yield* walk(data, path);
}

async function* entriesOf(folder: string): AsyncIterable<Dirent> {
  try {
    yield* await opendir(folder, { bufferSize: 1024 });
  } catch (cause) {
    if (!isAbsent(cause)) throw storageError(`read ${folder}`, cause);
  }
}

async function describe(data: string, path: string, entry: Dirent): Promise<StoredFile | undefined> {
  if (!entry.isFile()) {
    return { path, size: 0, kind: 'unknown', inTree: path.startsWith('tree/') };
  }
  const found = statIfThere(join(data, path));
  // It was there a moment ago: another command is at work.
  if (found === undefined) return undefined;
  return {
    path,
    size: found.size,
    ...(found.nlink > 1 ? { identity: `${found.dev}:${found.ino}` } : {}),
    ...classify(path),
  };
}

type Classified = StoredFile extends infer File
  ? File extends StoredFile
    ? Omit<File, 'path' | 'size' | 'identity'>
    : never
  : never;

/** What a path below the data folder means. */
function classify(path: string): Classified {
  const [area = '', ...parts] = path.split('/');
  const name = parts.at(-1) ?? '';
  if (isTemporaryName(name) || area === 'temporary') return { kind: 'leftover' };
  const known = area === 'tree' ? classifyTree(parts) : classifyStaging(parts);
  return known ?? { kind: 'unknown', inTree: area === 'tree' };
}

function classifyTree(parts: readonly string[]): Classified | undefined {
  if (parts.length === 1 && parts[0] === 'publication.json') return { kind: 'marker' };
  const [top, ...rest] = parts;
  if (top === 'tuf' || (top === 'v2' && rest.includes('_trust'))) {
    const file = rest.join('/');
    if (findMetadataPath(top === 'tuf' ? 'tuf' : 'notary', file) === undefined) return undefined;
    const named = `sha256:${/\.([0-9a-f]{64})\.json$/.exec(file)?.[1] ?? ''}`;
    return isDigest(named) ? { kind: 'metadata', digest: named } : { kind: 'metadata' };
  }
  const name = parts.at(-1) ?? '';
  if (top === 'contents' && rest.length === 1)
    return isDigest(name) ? { kind: 'contents', digest: name } : undefined;
  if (parts[0] === 'v2') {
    const repository = parts.slice(1, -2).join('/');
    if (!isRepositoryName(repository)) return undefined;
    const typed = parts.at(-2) === 'manifests' ? parseTypedName(name) : undefined;
    if (typed !== undefined) return { kind: 'manifest', repository, digest: typed };
    if (!isDigest(name)) return undefined;
    switch (parts.at(-2) ?? '') {
      case 'manifests':
        return { kind: 'manifest', repository, digest: name };
      case 'blobs':
        return { kind: 'blob', repository, digest: name };
      case 'referrers':
        return { kind: 'referrers' };
      default:
        return undefined;
    }
  }
  if (parts[0] === 'signatures') {
    const folder = parts.slice(1, -1).join('/');
    const number = /^signature-([1-9]\d{0,8})$/.exec(name)?.[1];
    const [repository = '', hex, ...more] = folder.split('@sha256=');
    if (
      number !== undefined &&
      more.length === 0 &&
      isRepositoryName(repository) &&
      isDigest(`sha256:${hex}`)
    ) {
      return { kind: 'signature', folder, number: Number(number) };
    }
  }
  return undefined;
}

function classifyStaging(parts: readonly string[]): Classified | undefined {
  const digest = `sha256:${parts.at(-1) ?? ''}`;
  if (!isDigest(digest)) return undefined;
  const folder = parts.slice(0, -1).join('/');
  if (folder === 'partial') return { kind: 'leftover' };
  if (folder === 'blobs/sha256') return { kind: 'staged-blob', digest };
  if (folder === 'manifests/sha256') return { kind: 'staged-manifest', digest };
  return undefined;
}

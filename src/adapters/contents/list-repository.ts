import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatContentLine, timestampPath } from '../../mirrors/contents/contents-list.ts';
import { type FoundContentPath, parseContentPath } from '../../mirrors/contents/content-path.ts';
import { isDigest } from '../../oci/digest.ts';
import { type RepositoryName, isRegistryHost } from '../../oci/reference.ts';
import { isAbsent, statIfThere } from '../atomic-file.ts';
import { hashFile } from '../hash-file.ts';
import { storageError } from '../storage-error.ts';
import { signatureFolder } from '../tree-paths.ts';

const filesAtOnce = 32;

/**
 * A line for each file that the tree holds of a repository, sorted. It is the tree that is asked, not the database: a
 * mirror can fetch what is there, and a file that is lost does not become a promise.
 */
export async function listRepository(
  tree: string,
  repository: RepositoryName,
  hosts: readonly string[],
): Promise<readonly string[]> {
  const manifests = (await namesIn(join(tree, 'v2', repository, 'manifests'))).filter(isDigest);
  const paths = [
    ...manifests.map((digest) => `v2/${repository}/manifests/${digest}`),
    ...(await namesIn(join(tree, 'v2', repository, 'blobs'))).map((name) => `v2/${repository}/blobs/${name}`),
  ];
  await eachOf(manifests, async (digest) => {
    const folder = signatureFolder('', repository, digest);
    for (const name of await namesIn(join(tree, folder))) paths.push(`${folder}/${name}`);
  });
  for (const host of hosts) {
    const folder = `v2/${host}/${repository}/_trust/tuf`;
    for (const name of await namesIn(join(tree, folder))) paths.push(`${folder}/${name}`);
    for (const name of await namesIn(join(tree, folder, 'targets'))) paths.push(`${folder}/targets/${name}`);
  }
  return describe(tree, paths);
}

/** The same of the TUF metadata. */
export async function listMetadata(tree: string): Promise<readonly string[]> {
  const names = await namesIn(join(tree, 'tuf'));
  return describe(
    tree,
    names.map((name) => `tuf/${name}`),
  );
}

/**
 * The first parts of the tree's paths that are registries: below them lies Notary v1 metadata. Clients take the first
 * part of a name for a registry only when it has a dot or a colon, or is "localhost".
 */
export async function listHosts(tree: string): Promise<readonly string[]> {
  return (await namesIn(join(tree, 'v2'))).filter(
    (name) => (/[.:]/.test(name) || name === 'localhost') && isRegistryHost(name),
  );
}

/** What is no file of the tree, such as what a crash left, is passed over. */
async function describe(tree: string, paths: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  await eachOf(paths, async (path) => {
    const found = parseContentPath(path);
    const line = found && (await describeFile(tree, found));
    if (line !== undefined) lines.push(line);
  });
  return lines.sort();
}

async function describeFile(tree: string, found: FoundContentPath): Promise<string | undefined> {
  const path = join(tree, found.path);
  const file = await statIfThere(path);
  if (file === undefined || !file.isFile()) return undefined;
  if (found.path === timestampPath) return formatContentLine(found);
  return formatContentLine({ ...found, size: file.size, digest: found.digest ?? (await hashFile(path)) });
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: Math.min(filesAtOnce, items.length) }, async () => {
    for (const item of queue) await work(item);
  });
  await Promise.all(workers);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw storageError(`read ${folder}`, cause);
  }
}

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { formatContentLine, timestampPath } from '../../mirrors/contents/contents-list.ts';
import { type FoundContentPath, parseContentPath } from '../../mirrors/contents/content-path.ts';
import { isDigest } from '../../oci/digest.ts';
import { type RepositoryName, isRegistryHost } from '../../oci/reference.ts';
import { isAbsent, statIfThere } from '../atomic-file.ts';
import { createEventLoopTurns } from '../event-loop-turns.ts';
import { hashFile } from '../hash-file.ts';
import { storageError } from '../storage-error.ts';
import { signatureFolder } from '../tree-paths.ts';

/**
 * A line for each file that the tree holds of a repository, sorted. It is the tree that is asked, not the database: a
 * mirror can fetch what is there, and a file that is lost does not become a promise.
 */
export async function listRepository(
  tree: string,
  repository: RepositoryName,
  hosts: readonly string[],
): Promise<readonly string[]> {
  const manifests = namesIn(join(tree, 'v2', repository, 'manifests')).filter(isDigest);
  const paths = [
    ...manifests.map((digest) => `v2/${repository}/manifests/${digest}`),
    ...namesIn(join(tree, 'v2', repository, 'blobs')).map((name) => `v2/${repository}/blobs/${name}`),
  ];
  for (const digest of manifests) {
    const folder = signatureFolder('', repository, digest);
    for (const name of namesIn(join(tree, folder))) paths.push(`${folder}/${name}`);
  }
  for (const host of hosts) {
    const folder = `v2/${host}/${repository}/_trust/tuf`;
    for (const name of namesIn(join(tree, folder))) paths.push(`${folder}/${name}`);
    for (const name of namesIn(join(tree, folder, 'targets'))) paths.push(`${folder}/targets/${name}`);
  }
  return describe(tree, paths);
}

/** The same of the TUF metadata. */
export async function listMetadata(tree: string): Promise<readonly string[]> {
  const names = namesIn(join(tree, 'tuf'));
  return describe(
    tree,
    names.map((name) => `tuf/${name}`),
  );
}

/**
 * The first parts of the tree's paths that are registries: below them lies Notary v1 metadata. Clients take the first
 * part of a name for a registry only when it has a dot or a colon, or is "localhost".
 */
export function listHosts(tree: string): readonly string[] {
  return namesIn(join(tree, 'v2')).filter(
    (name) => (/[.:]/.test(name) || name === 'localhost') && isRegistryHost(name),
  );
}

/** What is no file of the tree, such as what a crash left, is passed over. */
async function describe(tree: string, paths: readonly string[]): Promise<readonly string[]> {
  const lines: string[] = [];
  const turn = createEventLoopTurns(50);
  for (const path of paths) {
    const found = parseContentPath(path);
    const line = found && (await describeFile(tree, found));
    if (line !== undefined) lines.push(line);
    await turn();
  }
  return lines.sort();
}

async function describeFile(tree: string, found: FoundContentPath): Promise<string | undefined> {
  const path = join(tree, found.path);
  const file = statIfThere(path);
  if (file === undefined || !file.isFile()) return undefined;
  if (found.path === timestampPath) return formatContentLine(found);
  return formatContentLine({ ...found, size: file.size, digest: found.digest ?? (await hashFile(path)) });
}

function namesIn(folder: string): readonly string[] {
  try {
    // Most manifests have no signatures of their own, and to ask is cheaper than to fail.
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw storageError(`read ${folder}`, cause);
  }
}

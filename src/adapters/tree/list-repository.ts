import { printPullPath } from '../../oci/pull-path.ts';
import { join } from 'node:path';
import { formatContentLine, timestampPath } from '../../tree/contents-list.ts';
import { type FoundContentPath, parseContentPath } from '../../tree/content-path.ts';
import { type RepositoryName, isRegistryHost } from '../../oci/reference.ts';
import { statIfThere } from '../files/atomic-file.ts';
import { createEventLoopTurns } from '../time/event-loop-turns.ts';
import { hashFile } from '../files/hash-file.ts';
import { signatureFolder } from './tree-paths.ts';
import { namesIn } from './folder-entries.ts';
import { typedPath } from './place-types.ts';
import type { PublishedFiles } from './read-published.ts';

/** What the tree holds of a repository. */
export interface RepositoryFiles {
  readonly lines: readonly string[];
  /** The paths of files that are published and not there. */
  readonly missing: readonly string[];
}

/**
 * A line for each file of a repository that is published and that the tree holds, sorted. A file that is lost does not
 * become a promise; what was retired, or placed by an accept that never came to its end, is not copied on.
 */
export async function listRepository(
  tree: string,
  repository: RepositoryName,
  published: PublishedFiles,
  hosts: readonly string[],
): Promise<RepositoryFiles> {
  const needed = publishedPaths(repository, published);
  const paths = [
    ...needed,
    ...published.manifests.flatMap((manifest) => typedPath(repository, manifest) ?? []),
    ...pathsIn(tree, `v2/${repository}/referrers`),
  ];
  for (const { digest } of published.manifests) {
    paths.push(...pathsIn(tree, signatureFolder('', repository, digest)));
  }
  for (const host of hosts) {
    const folder = `v2/${host}/${repository}/_trust/tuf`;
    paths.push(...pathsIn(tree, folder), ...pathsIn(tree, `${folder}/targets`));
  }
  const missing: string[] = [];
  const lines = await describe(tree, paths, (path, at) => {
    if (at < needed.length) missing.push(path);
  });
  return { lines, missing };
}

function publishedPaths(repository: RepositoryName, { manifests, blobs }: PublishedFiles): readonly string[] {
  return [
    ...manifests.map(({ digest }) => printPullPath(repository, 'manifests', digest)),
    ...blobs.map((digest) => printPullPath(repository, 'blobs', digest)),
  ];
}

/** The same of the TUF metadata. */
export function listMetadata(tree: string): Promise<readonly string[]> {
  return describe(tree, pathsIn(tree, 'tuf'));
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

function pathsIn(tree: string, folder: string): readonly string[] {
  return namesIn(join(tree, folder)).map((name) => `${folder}/${name}`);
}

/** What is no file of the tree, such as what a crash left, is passed over. */
async function describe(
  tree: string,
  paths: readonly string[],
  onMissing: (path: string, at: number) => void = () => undefined,
): Promise<readonly string[]> {
  const lines: string[] = [];
  const turn = createEventLoopTurns(50);
  for (const [at, path] of paths.entries()) {
    const found = parseContentPath(path);
    const line = found && (await describeFile(tree, found));
    if (line === undefined) onMissing(path, at);
    else lines.push(line);
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

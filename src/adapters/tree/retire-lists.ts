import { readdir, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContentsIndex } from '../../tree/contents-index.ts';
import type { ContentsReference } from '../../tree/publication-marker.ts';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { Clock } from '../../ports/clock.ts';
import { statIfThere } from '../files/atomic-file.ts';
import { contentsFolder, contentsPath } from './tree-paths.ts';

/** Longer than the slowest mirror takes from reading a marker to reading the last list below it. Milliseconds. */
const grace = 7 * 24 * 3600 * 1000;

interface Named {
  readonly contents: ContentsReference;
  readonly index: ContentsIndex | undefined;
}

/**
 * Dates the lists that are no longer named to now, from when the grace counts, and removes those whose grace is over.
 * The marker is written by now, and whatever fails here is done by the next publication: it is no failure of this one.
 * A list that goes too early does no harm either, since a mirror that misses it begins again with the marker.
 */
export async function retireLists(
  tree: string,
  before: Named | undefined,
  next: Named,
  clock: Clock,
): Promise<void> {
  const kept = namedBy(next);
  try {
    const now = new Date(clock.now());
    for (const digest of before === undefined ? [] : namedBy(before)) {
      if (!kept.has(digest)) await utimes(contentsPath(tree, digest), now, now);
    }
    const folder = contentsFolder(tree);
    for (const name of await readdir(folder)) {
      if (!isDigest(name) || kept.has(name)) continue;
      const file = statIfThere(join(folder, name));
      if (file !== undefined && clock.now() - file.mtimeMs >= grace)
        await rm(join(folder, name), { force: true });
    }
  } catch {
    // See above.
  }
}

/** Every list that an index names, and itself. */
function namedBy({ contents, index }: Named): ReadonlySet<Digest> {
  const named = new Set([contents.digest]);
  if (index?.metadata !== undefined) named.add(index.metadata.digest);
  for (const { digest } of index?.repositories.values() ?? []) named.add(digest);
  return named;
}

import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';

const marker = 'publication.json';

/**
 * Copies the tree as a mirror does: all content first and the marker last, so that a copy that has the marker is
 * whole (design: "The tree").
 */
export async function copyTree(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, filter: (source) => basename(source) !== marker });
  await cp(join(from, marker), join(to, marker));
}

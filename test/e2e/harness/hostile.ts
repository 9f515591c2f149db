import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { findFreePort } from './ports.ts';
import { createSignpost, type Signpost } from './signpost.ts';
import { registryName, type World } from './world.ts';

/** A Mirror List that someone else has taken over: the name leads to it, and it lies. */
export interface HostileMirrorList extends AsyncDisposable {
  readonly signpost: Signpost;
}

/**
 * Copies what the honest Mirror List has, lets `change` damage the copy, and leads the name to it. Disposing of it
 * leads the name back.
 */
export async function takeOver(
  world: World,
  name: string,
  change: (stolen: Signpost) => void | Promise<void>,
): Promise<HostileMirrorList> {
  const port = await findFreePort();
  const stolen = createSignpost(world.work, name, world.settings(port, [world.key.publicKey]));
  // The database may have a journal beside it; nothing writes to it now.
  for (const part of ['tree', 'signpost.db', 'signpost.db-wal'])
    cpSync(join(world.signpost.data, part), join(stolen.data, part), {
      recursive: true,
      filter: (source) => !source.endsWith('-shm'),
      force: true,
    });
  await change(stolen);
  return lead(world, stolen, port);
}

/** Leads the name to an installation, which is started. */
export async function lead(world: World, signpost: Signpost, port: number): Promise<HostileMirrorList> {
  const host = `${registryName}:443`;
  const serving = await signpost.serve();
  const honest = world.hosts.get(host);
  world.hosts.set(host, { address: '127.0.0.1', port });
  return {
    signpost,
    async [Symbol.asyncDispose]() {
      if (honest !== undefined) world.hosts.set(host, honest);
      await serving[Symbol.asyncDispose]();
    },
  };
}

/** Points a tag at another list, behind the back of all commands. */
export function moveTag(signpost: Signpost, repository: string, tag: string, list: string): void {
  using database = new DatabaseSync(join(signpost.data, 'signpost.db'));
  const moved = database
    .prepare(
      'UPDATE tags SET list = ? WHERE tag = ? AND repository = (SELECT id FROM repositories WHERE name = ?)',
    )
    .run(Buffer.from(list.slice('sha256:'.length), 'hex'), tag, repository);
  if (moved.changes !== 1) throw new Error(`${repository}:${tag} is not in ${signpost.data}`);
}

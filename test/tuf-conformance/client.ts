#!/usr/bin/env node
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contentMatches } from '../../src/trust/tuf/content-matches.ts';
import { chooseRoles } from '../../src/trust/tuf/delegated-roles.ts';
import type { Metadata, TargetFile, Targets } from '../../src/trust/tuf/metadata.ts';
import { RoleSearch, type SearchedRole } from '../../src/trust/tuf/role-search.ts';
import { expiryOf } from '../../src/trust/tuf/trusted-metadata.ts';
import { TufClient } from '../../src/client/tuf-client.ts';

/*
 * The client of `signpost verify` under the calling convention of the public tuf-conformance suite (its CLIENT-CLI.md);
 * README.md beside it says how to run that. Only what `verify` does not do is here: files in a folder, and target files.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'metadata-dir': { type: 'string', default: '' },
    'metadata-url': { type: 'string', default: '' },
    'target-name': { type: 'string', multiple: true, default: [] },
    'target-dir': { type: 'string', default: '' },
    'target-base-url': { type: 'string', default: '' },
  },
});
const folder = values['metadata-dir'];
const targetLimit = 16 * 1024 * 1024;

try {
  const [command, trustedRoot = ''] = positionals;
  if (command === 'init') await writeFile(join(folder, 'root.json'), await readFile(trustedRoot));
  else if (command === 'refresh') await refresh();
  else if (command === 'download') await download();
  else throw new Error('expected init, refresh or download');
} catch (error) {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
}

async function refresh(): Promise<{ readonly client: TufClient; readonly top: Targets }> {
  const now = Date.now();
  const client = new TufClient({
    root: await readFile(join(folder, 'root.json')),
    fetch: (name, limit) => fetchFile(new URL(name, values['metadata-url']), limit),
    place: values['metadata-url'],
    memory: { name: folder, find: readFolder, remember: writeFolder },
  });
  current(await client.root(), now);
  current(await client.timestamp(now), now);
  current(await client.snapshot(now), now);
  return { client, top: current(await client.targets(now), now) };
}

async function download(): Promise<void> {
  const { client, top } = await refresh();
  for (const path of values['target-name']) {
    const file = await findTarget(client, top, path);
    if (file === undefined) throw new Error(`${path} is not among the targets`);
    const place = join(values['target-dir'], encodeURIComponent(path));
    const cached = await readFile(place).catch(() => undefined);
    if (cached === undefined || !contentMatches(cached, file))
      await writeFile(place, await fetchTarget(path, file));
  }
}

async function findTarget(client: TufClient, top: Targets, path: string): Promise<TargetFile | undefined> {
  const now = Date.now();
  const search = new RoleSearch((delegations) => chooseRoles(delegations, path));
  let targets = top;
  let role: SearchedRole | undefined;
  do {
    if (role !== undefined) targets = current(await client.role(role, now), now);
    if (Object.hasOwn(targets.targets, path)) return targets.targets[path];
    search.add(targets, role?.chain);
    role = search.next();
  } while (role !== undefined);
  return undefined;
}

/** TUF 1.0, 5.7.3: with consistent snapshots the hash is in front of the file's name. */
async function fetchTarget(path: string, file: TargetFile): Promise<Uint8Array> {
  const slash = path.lastIndexOf('/') + 1;
  const [hash = ''] = Object.values(file.hashes);
  const url = new URL(`${path.slice(0, slash)}${hash}.${path.slice(slash)}`, values['target-base-url']);
  const bytes = await fetchFile(url, Math.min(file.length, targetLimit));
  if (bytes === undefined || !contentMatches(bytes, file))
    throw new Error(`${path} is not what the metadata names`);
  return bytes;
}

function current<T extends Metadata>(metadata: T | undefined, now: number): T {
  if (metadata === undefined) throw new Error('the snapshot does not name a role');
  if (expiryOf(metadata) <= now) throw new Error(`${metadata._type} expired on ${metadata.expires}`);
  return metadata;
}

async function fetchFile(url: URL, limit: number): Promise<Uint8Array | undefined> {
  const response = await fetch(url);
  if (response.status === 404) return undefined;
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (!response.ok || bytes.length > limit)
    throw new Error(`${url.href}: ${response.status}, ${bytes.length} bytes`);
  return bytes;
}

async function readFolder(): Promise<ReadonlyMap<string, Uint8Array>> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  return new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name))] as const)),
  );
}

async function writeFolder(files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) if (!files.has(name)) await rm(join(folder, name));
  for (const [name, bytes] of files) {
    await writeFile(join(folder, `${name}.new`), bytes);
    await rename(join(folder, `${name}.new`), join(folder, name));
  }
}

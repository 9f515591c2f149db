import { parseDigest, isDigest, quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type TagName, formatTaggedReference } from '../oci/reference.ts';
import type { RemoteMetadata } from '../ports/remote-metadata.ts';
import type { SeenMetadata } from '../ports/seen-metadata.ts';
import { tufPath } from '../trust/metadata-path.ts';
import type { Collection } from '../trust/notary-v1/names.ts';
import { chooseRoles, maySign } from '../trust/tuf/delegated-roles.ts';
import type { Metadata, TargetFile, Targets } from '../trust/tuf/metadata.ts';
import type { Delegations } from '../trust/tuf/read-any-delegations.ts';
import { parseTargetPath, targetPath } from '../trust/tuf/names.ts';
import { RoleSearch, type SearchedRole } from '../trust/tuf/role-search.ts';
import type { MetadataEvidence, NamedTag } from '../trust/verify/metadata-evidence.ts';
import { type Step, failed } from '../trust/verify/step.ts';
import { type MetadataReader, stepOfError, stepOfRole } from './metadata-reader.ts';
import { TufClient } from './tuf-client.ts';

export interface TufReaderDeps {
  readonly remote: RemoteMetadata;
  /** The root that this machine has, of whatever version. */
  readonly root: Uint8Array;
  /** Without it an older state cannot be told. */
  readonly seen?: SeenMetadata | undefined;
}

/** Looks a tag up as a client of TUF 1.0 does: in the targets role, and in the roles that may sign its path. */
export function createTufReader(deps: TufReaderDeps): MetadataReader {
  return {
    read: (collection, now, tag) =>
      walk(new TufClient(clientDeps(deps, `tuf ${collection.registry}`)), collection, tag, now),
  };
}

function clientDeps({ remote, root, seen }: TufReaderDeps, name: string) {
  return {
    fetch: (file: string, limit: number) => remote.read(tufPath(file), limit),
    place: '/tuf/',
    root,
    ...(seen === undefined
      ? {}
      : {
          memory: {
            name,
            find: () => seen.find(name),
            remember: (files: ReadonlyMap<string, Uint8Array>) => seen.remember(name, files),
          },
        }),
  };
}

async function walk(
  client: TufClient,
  collection: Collection,
  tag: TagName | undefined,
  now: number,
): Promise<MetadataEvidence> {
  const { registry, repository } = collection;
  const steps: Step[] = [];
  const take = async <T extends Metadata>(title: string, stage: () => Promise<T | undefined>) => {
    const { step, found } = await attempt(title, stage, now);
    steps.push(step);
    return step.ok ? found : undefined;
  };
  const failure: MetadataEvidence = { steps, tags: [] };

  if ((await take('root role', () => client.root())) === undefined) return failure;
  if ((await take('timestamp role', () => client.timestamp(now))) === undefined) return failure;
  if ((await take('snapshot role', () => client.snapshot(now))) === undefined) return failure;
  const top = await take('targets role', () => client.targets(now));
  if (top === undefined) return failure;

  const path = tag === undefined ? undefined : targetPath(repository, tag);
  const search = new RoleSearch((delegations) =>
    path === undefined ? chooseAll(delegations, repository) : chooseRoles(delegations, path),
  );
  const tags = new Map<string, NamedTag>();
  let targets = top;
  let chain: SearchedRole['chain'] = [];
  for (;;) {
    try {
      addTags(tags, targets, chain, collection);
    } catch (error) {
      steps.push(stepOfError(`tags of ${registry}/${repository}`, error));
      return failure;
    }
    if (path !== undefined && Object.hasOwn(targets.targets, path)) break;
    search.add(targets, chain);
    const role = search.next();
    if (role === undefined) break;
    const found = await take(`role ${role.name}`, () => client.role(role, now));
    if (found === undefined) return failure;
    targets = found;
    chain = role.chain;
  }
  if (tags.size === 0) {
    const detail = `it does not name ${registry}/${repository} at all`;
    return { steps: [...steps, failed(`tags of ${registry}/${repository}`, 'missing', detail)], tags: [] };
  }
  return { steps, tags: [...tags.values()] };
}

async function attempt<T extends Metadata>(
  title: string,
  stage: () => Promise<T | undefined>,
  now: number,
): Promise<{ readonly step: Step; readonly found?: T }> {
  try {
    const found = await stage();
    if (found === undefined) return { step: failed(title, 'forged', 'the snapshot does not name it') };
    return { step: stepOfRole(title, found, now), found };
  } catch (error) {
    return { step: stepOfError(title, error) };
  }
}

/** Without a tag, as when an image is asked for by digest: every role that may sign tags of the repository. */
function chooseAll({ roles }: Delegations, repository: Collection['repository']) {
  const matching = roles.filter(({ name, keyids, threshold, terminating, paths = [] }) =>
    paths.some((pattern) => {
      const folder = pattern.slice(0, pattern.lastIndexOf('/'));
      return maySign({ name, keyids, threshold, terminating, paths: [folder] }, repository);
    }),
  );
  return { roles: matching, final: false };
}

/** Adds the tags of a repository that a role may sign and no role before it has named. */
function addTags(
  tags: Map<string, NamedTag>,
  { targets }: Targets,
  chain: SearchedRole['chain'],
  { registry, repository }: Collection,
): void {
  for (const [path, file] of Object.entries(targets)) {
    const target = parseTargetPath(path);
    const named = referenceOf(path, file);
    if (target?.repository !== repository || tags.has(path)) continue;
    const digest = `sha256:${file.hashes.sha256 ?? ''}`;
    if (!isDigest(digest) || !chain.every((role) => maySign(role, path))) continue;
    const reference = named ?? `${registry}/${formatTaggedReference(target)}`;
    tags.set(path, { reference, digest: parseDigest(digest), size: file.length });
  }
}

/** The name that Signpost's own metadata has beside the path. Clients of TUF find a tag by its path, ours by its name. */
function referenceOf(path: string, { custom }: TargetFile): string | undefined {
  const reference = custom?.reference;
  if (reference === undefined) return undefined;
  const target = parseTargetPath(path);
  const name = reference.slice(reference.indexOf('/') + 1);
  if (target !== undefined && name === formatTaggedReference(target)) return reference;
  throw new SignpostError('TRUST', `the target ${quote(path)} is for ${quote(reference)}`);
}

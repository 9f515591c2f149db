import { isSignpostError } from '../../oci/errors.ts';
import type { RegistryHost, RepositoryName } from '../../oci/reference.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import { type MetadataPath, metadataPath } from '../../trust/metadata-path.ts';
import { notaryPath } from '../../trust/notary-v1/names.ts';
import { readNotaryFile } from '../../trust/notary-v1/read-metadata.ts';
import { parseMetadataFile, repositoryOfRole } from '../../trust/tuf/names.ts';
import { readStrictMetadata } from '../../trust/tuf/read-strict-metadata.ts';
import type { RoleTerm } from './role-term.ts';
import { createTerm } from './term.ts';

export interface MetadataTermsDeps {
  readonly metadataTree: Pick<MetadataTree, 'placedAt'>;
  readonly registry: RegistryHost;
  /** The files of TUF metadata that are current, and all roots; empty when there are none. */
  readonly readTuf: () => Promise<ReadonlyMap<string, Uint8Array>>;
  /** The same of the Notary v1 metadata of a repository. */
  readonly readNotary: (repository: RepositoryName) => Promise<ReadonlyMap<string, Uint8Array>>;
}

/**
 * How long the roles of TUF still live. A file does not say when it was made: its life is counted from when it was put
 * into the tree. Nothing is verified, only read: what is published was verified when it was accepted.
 * @throws SignpostError STORAGE
 */
export async function readTufTerms(deps: MetadataTermsDeps): Promise<readonly RoleTerm[]> {
  return readable('tuf-metadata', undefined, async () => {
    const files = await deps.readTuf();
    const newestRoot = Math.max(...[...files.keys()].map(rootVersion));
    const terms: RoleTerm[] = [];
    for (const [name, bytes] of files) {
      const file = parseMetadataFile(name);
      if (file === undefined || (file.role === 'root' && file.version !== newestRoot)) continue;
      const repository = repositoryOfRole(file.role);
      const { expires } = readStrictMetadata(bytes, typeOf(file.role), name).signed;
      const role = repository === undefined ? (`tuf-${file.role}` as const) : 'tuf-targets';
      terms.push(await toTerm(deps, role, repository, expires, metadataPath('tuf', name)));
    }
    return terms;
  });
}

/** The same for the Notary v1 metadata of a repository. */
export async function readNotaryTerms(
  deps: MetadataTermsDeps,
  repository: RepositoryName,
): Promise<readonly RoleTerm[]> {
  return readable('notary-metadata', repository, async () => {
    const terms: RoleTerm[] = [];
    for (const [name, bytes] of await deps.readNotary(repository)) {
      const role = /^(root|timestamp|snapshot|targets(?:\/releases)?)\.(?:[0-9a-f]{64}\.)?json$/.exec(
        name,
      )?.[1];
      if (role === undefined) continue;
      const { expires } = readNotaryFile(bytes, notaryTypes[role] ?? 'Targets', name).signed;
      const path = metadataPath('notary', notaryPath({ registry: deps.registry, repository }, name));
      terms.push(await toTerm(deps, `notary-${role}`, repository, expires, path));
    }
    return terms;
  });
}

const notaryTypes: Readonly<Record<string, 'Root' | 'Timestamp' | 'Snapshot'>> = {
  root: 'Root',
  timestamp: 'Timestamp',
  snapshot: 'Snapshot',
};

function typeOf(role: string): 'root' | 'timestamp' | 'snapshot' | 'targets' {
  return role === 'root' || role === 'timestamp' || role === 'snapshot' ? role : 'targets';
}

function rootVersion(name: string): number {
  const file = parseMetadataFile(name);
  return file?.role === 'root' ? (file.version ?? 0) : 0;
}

async function toTerm(
  { metadataTree }: MetadataTermsDeps,
  role: RoleTerm['role'],
  repository: RepositoryName | undefined,
  expires: string,
  path: MetadataPath,
): Promise<RoleTerm> {
  return { role, repository, ...createTerm(Date.parse(expires), await metadataTree.placedAt(path)) };
}

function unreadable(role: RoleTerm['role'], repository: RepositoryName | undefined): RoleTerm {
  return { role, repository, ...createTerm(Number.MAX_SAFE_INTEGER, undefined) };
}

/** Files that were lost or damaged on the disk are something to be told, and must not hide all the others. */
async function readable(
  role: RoleTerm['role'],
  repository: RepositoryName | undefined,
  read: () => Promise<readonly RoleTerm[]>,
): Promise<readonly RoleTerm[]> {
  try {
    const terms = await read();
    const whole = ['root', 'timestamp', 'snapshot', 'targets'].every((part) =>
      terms.some((term) => term.role.endsWith(`-${part}`)),
    );
    return whole || terms.length === 0 ? terms : [...terms, unreadable(role, repository)];
  } catch (error) {
    const damaged = (['TRUST', 'REQUEST_INVALID', 'LIMIT_EXCEEDED'] as const).some((code) =>
      isSignpostError(error, code),
    );
    if (!damaged) throw error;
    return [unreadable(role, repository)];
  }
}

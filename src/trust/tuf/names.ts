import {
  type RepositoryName,
  type TagName,
  type TaggedReference,
  isRepositoryName,
  isTagName,
} from '../../oci/reference.ts';

/** The roles that every repository has (TUF 1.0, section 2.1). */
export const topRoles = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TopRole = (typeof topRoles)[number];

const prefix = 'repository~';

/**
 * The role that the tags of a repository are delegated to. A slash in a role's name would have to be escaped in the
 * file's, which web servers and clients do differently; "~" stands in no repository name, so no two roles are one, and
 * none is "root".
 */
export function roleOfRepository(repository: RepositoryName): string {
  return `${prefix}${repository.replaceAll('/', '~')}`;
}

/** The repository whose tags a role has; undefined when it is no such role. */
export function repositoryOfRole(role: string): RepositoryName | undefined {
  if (!role.startsWith(prefix)) return undefined;
  const repository = role.slice(prefix.length).replaceAll('~', '/');
  return isRepositoryName(repository) ? repository : undefined;
}

/** Which target paths a repository's role may sign: in TUF a "*" stands for no slash. */
export function pathsOfRepository(repository: RepositoryName): readonly string[] {
  return [`${repository}/*`];
}

/** The target path of a tag. */
export function targetPath(repository: RepositoryName, tag: TagName): string {
  return `${repository}/${tag}`;
}

/** What a target path names; undefined when it is not one of ours. */
export function parseTargetPath(path: string): TaggedReference | undefined {
  const slash = path.lastIndexOf('/');
  const repository = path.slice(0, Math.max(slash, 0));
  const tag = path.slice(slash + 1);
  return isRepositoryName(repository) && isTagName(tag) ? { repository, tag } : undefined;
}

/** The file of a role in a repository with consistent snapshots (TUF 1.0, section 6.2): only timestamp.json changes. */
export function fileOfRole(role: string, version: number): string {
  return role === 'timestamp' ? 'timestamp.json' : `${version}.${role}.json`;
}

const filePattern =
  /^(?:timestamp|([1-9][0-9]{0,14})\.(root|snapshot|targets|repository~[a-z0-9._~-]{1,200}))\.json$/;

/** The role and version in a file's name; undefined when no file of ours has such a name. It is then safe as a path. */
export function parseMetadataFile(
  name: string,
): { readonly role: string; readonly version: number | undefined } | undefined {
  const match = filePattern.exec(name);
  if (match === null) return undefined;
  const [, version, role] = match;
  if (version === undefined || role === undefined) return { role: 'timestamp', version: undefined };
  if (role.startsWith(prefix) && repositoryOfRole(role) === undefined) return undefined;
  return { role, version: Number(version) };
}

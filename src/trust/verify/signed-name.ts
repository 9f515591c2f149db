import type { Digest } from '../../oci/digest.ts';
import type { RegistryHost, RepositoryName, TagName } from '../../oci/reference.ts';

/** What somebody asks for: by tag or by digest. */
export interface AskedImage {
  readonly host: RegistryHost;
  readonly repository: RepositoryName;
  readonly reference: TagName | Digest;
}

/** Which name a signature has to carry. */
export interface NameRule {
  /** `tag`: the very tag that was asked for; `repository`: any tag of the repository, so that tags can be swapped. */
  readonly match: 'tag' | 'repository';
  /** Names that start with `prefix` are signed as if they started with `signedPrefix`: for pulls under another name. */
  readonly remap?: { readonly prefix: string; readonly signedPrefix: string } | undefined;
}

/** The name that a signature has to carry; without a tag, any tag of the repository will do. */
export function expectedName({ host, repository, reference }: AskedImage, rule: NameRule): string {
  const name = remapPrefix(`${host}/${repository}`, rule.remap);
  return rule.match === 'repository' || reference.includes(':') ? name : `${name}:${reference}`;
}

/** Whether `signed`, which is `host/repository:tag`, is `expected`, or any tag of it where that has none. */
export function nameMatches(expected: string, signed: string): boolean {
  if (signed === expected) return true;
  const tag = tagAt(signed);
  return tag >= 0 && tagAt(expected) < 0 && signed.slice(0, tag) === expected;
}

/** Where the tag of a name begins. A colon before the last slash belongs to a port. */
function tagAt(name: string): number {
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? colon : -1;
}

/** A prefix ends where a part of the name does: containers/image, prmRemapIdentity. */
export function remapPrefix(name: string, remap: NameRule['remap']): string {
  if (remap === undefined) return name;
  const { prefix, signedPrefix } = remap;
  if (name !== prefix && !name.startsWith(`${prefix}/`)) return name;
  return signedPrefix + name.slice(prefix.length);
}

import type { RepositoryName } from '../oci/reference.ts';
import { readIpAddress } from './address.ts';
import { findCountry } from './countries.ts';
import type { Coordinates } from './distance.ts';
import type { Mirror } from './mirror.ts';
import { familyOf } from './netblock.ts';
import { hashMirror } from './rendezvous.ts';

/** A mirror, with everything worked out that a choice asks of it. */
export interface CompiledMirror {
  readonly mirror: Mirror;
  /** Its position in the table. */
  readonly index: number;
  readonly hash: number;
  /** Whether its URL is https. */
  readonly secure: boolean;
  /** The family of the address that its URL names, when that is an address instead of a name. */
  readonly family: 4 | 6 | undefined;
  readonly continent: string | undefined;
  readonly location: Coordinates | undefined;
  /** Undefined where it carries every repository. */
  readonly repositories:
    { readonly names: ReadonlySet<string>; readonly prefixes: readonly string[] } | undefined;
  /** Undefined where it serves every country. */
  readonly onlyCountries: ReadonlySet<string> | undefined;
}

export function compileMirror(mirror: Mirror, index: number): CompiledMirror {
  const country = findCountry(mirror.country);
  const host = URL.parse(mirror.url)?.hostname.replace(/^\[|\]$/g, '');
  const address = host === undefined ? undefined : readIpAddress(host);
  return {
    mirror,
    index,
    hash: hashMirror(mirror.id),
    secure: mirror.url.startsWith('https:'),
    family: address === undefined ? undefined : familyOf(address),
    continent: country?.continent,
    location: mirror.coordinates ?? country,
    repositories: mirror.repositories.length === 0 ? undefined : compilePatterns(mirror.repositories),
    onlyCountries: mirror.onlyCountries.length === 0 ? undefined : new Set(mirror.onlyCountries),
  };
}

/** Whether the mirror carries the repository. */
export function carries({ repositories }: CompiledMirror, repository: RepositoryName): boolean {
  if (repositories === undefined || repositories.names.has(repository)) return true;
  return repositories.prefixes.some((prefix) => repository.startsWith(prefix));
}

function compilePatterns(patterns: readonly string[]) {
  const isPrefix = (pattern: string) => pattern.endsWith('/*');
  return {
    names: new Set(patterns.filter((pattern) => !isPrefix(pattern))),
    prefixes: patterns.filter(isPrefix).map((pattern) => pattern.slice(0, -1)),
  };
}

import type { RepositoryName } from '../oci/reference.ts';
import { readIpAddress } from '../net/address.ts';
import { findCountry } from './countries.ts';
import type { Coordinates } from './distance.ts';
import type { Mirror } from './mirror.ts';
import { familyOf } from '../net/netblock.ts';
import { hashMirror } from './rendezvous.ts';

/** A mirror, with everything worked out that a choice asks of it. */
export interface CompiledMirror {
  readonly mirror: Mirror;
  /** Its position in the table. */
  readonly index: number;
  readonly hash: number;
  /** In the operator's order. */
  readonly urls: readonly CompiledUrl[];
  readonly continent: string | undefined;
  readonly location: Coordinates | undefined;
  /** Undefined where it carries every repository. */
  readonly repositories:
    { readonly names: ReadonlySet<string>; readonly prefixes: readonly string[] } | undefined;
  /** Undefined where it serves every country that is not excepted. */
  readonly onlyCountries: ReadonlySet<string> | undefined;
  /** Undefined where there are none. */
  readonly exceptCountries: ReadonlySet<string> | undefined;
}

export interface CompiledUrl {
  readonly url: string;
  /** Whether it is https. */
  readonly secure: boolean;
  /** The family of the address that it names, when that is an address instead of a name. */
  readonly family: 4 | 6 | undefined;
}

export function compileMirror(mirror: Mirror, index: number): CompiledMirror {
  const country = findCountry(mirror.country);
  return {
    mirror,
    index,
    hash: hashMirror(mirror.id),
    urls: mirror.urls.map(compileUrl),
    continent: country?.continent,
    location: mirror.coordinates ?? country,
    repositories: mirror.repositories.length === 0 ? undefined : compilePatterns(mirror.repositories),
    onlyCountries: setOf(mirror.onlyCountries),
    exceptCountries: setOf(mirror.exceptCountries),
  };
}

/** Whether the mirror carries the repository. */
export function carries({ repositories }: CompiledMirror, repository: RepositoryName): boolean {
  if (repositories === undefined || repositories.names.has(repository)) return true;
  return repositories.prefixes.some((prefix) => repository.startsWith(prefix));
}

function compileUrl(url: string): CompiledUrl {
  const host = URL.parse(url)?.hostname.replace(/^\[|\]$/g, '');
  const address = host === undefined ? undefined : readIpAddress(host);
  return {
    url,
    secure: url.startsWith('https:'),
    family: address === undefined ? undefined : familyOf(address),
  };
}

function setOf(countries: readonly string[]): ReadonlySet<string> | undefined {
  return countries.length === 0 ? undefined : new Set(countries);
}

function compilePatterns(patterns: readonly string[]) {
  const isPrefix = (pattern: string) => pattern.endsWith('/*');
  return {
    names: new Set(patterns.filter((pattern) => !isPrefix(pattern))),
    prefixes: patterns.filter(isPrefix).map((pattern) => pattern.slice(0, -1)),
  };
}

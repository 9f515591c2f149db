import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { isRepositoryName } from '../oci/reference.ts';
import { type Netblock, readIpAddress } from './address.ts';
import { classifyAddress, mayConnect } from './address-class.ts';
import { findCountry } from './countries.ts';
import type { Coordinates } from './distance.ts';
import type { NewMirror } from './mirror.ts';
import { parseNetblock } from './netblock.ts';

/** A mirror as a person writes it. What is left out has its default. */
export interface MirrorInput {
  readonly name: string;
  readonly url: string;
  readonly country: string;
  /** `52.5,13.4`: latitude and longitude in degrees. */
  readonly coordinates?: string | undefined;
  readonly asns?: readonly string[] | undefined;
  readonly netblocks?: readonly string[] | undefined;
  readonly weight?: string | undefined;
  readonly private?: boolean | undefined;
  readonly repositories?: readonly string[] | undefined;
  readonly onlyCountries?: readonly string[] | undefined;
}

/**
 * Reads a new mirror.
 * @param allowed special addresses that the operator allows (`mirrors.allowAddresses`)
 * @throws SignpostError USAGE, naming the value and what was expected
 */
export function parseMirror(input: MirrorInput, allowed: readonly Netblock[]): NewMirror {
  const { name, url, country, ...rest } = input;
  const bare = {
    name: parseMirrorName(name),
    url: parseMirrorUrl(url, allowed),
    country: parseCountry(country),
    asns: [],
    netblocks: [],
    weight: 100,
    private: false,
    repositories: [],
    onlyCountries: [],
    enabled: true,
  };
  return changeMirror(bare, rest, allowed);
}

/**
 * The mirror with what `changes` names changed. An empty list empties; empty coordinates go back to the country's.
 * @throws SignpostError USAGE
 */
export function changeMirror<T extends NewMirror>(
  mirror: T,
  changes: Partial<MirrorInput>,
  allowed: readonly Netblock[],
): T {
  const { coordinates: before, ...rest } = mirror;
  const coordinates = changes.coordinates === undefined ? before : parseCoordinates(changes.coordinates);
  const changed = {
    ...rest,
    ...(coordinates === undefined ? {} : { coordinates }),
    ...ifNamed('name', changes.name, parseMirrorName),
    ...ifNamed('url', changes.url, (url) => parseMirrorUrl(url, allowed)),
    ...ifNamed('country', changes.country, parseCountry),
    ...ifNamed('asns', changes.asns, (list) => parseList('ASNs', 64, list, parseAsn)),
    ...ifNamed('netblocks', changes.netblocks, (list) =>
      parseList('netblocks', 1024, list, parseMirrorNetblock),
    ),
    ...ifNamed('weight', changes.weight, parseWeight),
    ...ifNamed('private', changes.private, (value) => value),
    ...ifNamed('repositories', changes.repositories, (list) =>
      parseList('repositories', 256, list, parseRepositoryPattern),
    ),
    ...ifNamed('onlyCountries', changes.onlyCountries, (list) =>
      parseList('countries', 250, list, parseCountry),
    ),
  } as unknown as T;
  if (changed.private && changed.netblocks.length === 0) {
    throw invalid('a private mirror serves its own netblocks only: name them with --netblock');
  }
  return changed;
}

/** @throws SignpostError USAGE */
function parseMirrorName(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw invalid(
    `${quote(text)} is not a mirror's name: expected at most 63 lower-case letters, digits, "-" and ".", such as "uni-example"`,
  );
}

function parseMirrorUrl(text: string, allowed: readonly Netblock[]): string {
  const wrong = (problem: string) => invalid(`${quote(text)} cannot be a mirror's URL: ${problem}`);
  const expected = 'expected one such as "https://mirror.example.org/images"';
  if (text.length > 1024) throw wrong('it is longer than 1024 characters');
  // URL.parse would silently drop or turn these.
  if (!/^https?:\/\/[^\s\\\p{Cc}]+$/iu.test(text)) throw wrong(expected);
  const url = URL.parse(text);
  if (url === null || url.port === '0') throw wrong(expected);
  if (url.username !== '' || url.password !== '')
    throw wrong('it would give its user and password to clients');
  if (/[?#]/.test(text)) throw wrong('paths are put behind it, so it can have no "?" and no "#"');
  const address = readIpAddress(url.hostname.replace(/^\[|\]$/g, ''));
  if (address !== undefined && !mayConnect(address, allowed)) {
    throw wrong(
      `${address} is a ${classifyAddress(address)} address; if that is meant, add it to mirrors.allowAddresses in the configuration`,
    );
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

function parseCountry(text: string): string {
  const country = findCountry(text.toUpperCase());
  if (country !== undefined && text.length === 2) return country.code;
  throw invalid(`${quote(text)} is not a country: expected an ISO 3166-1 code of two letters, such as "DE"`);
}

function parseCoordinates(text: string): Coordinates | undefined {
  if (text === '') return undefined;
  const match = /^([+-]?\d{1,3}(?:\.\d{1,10})?), ?([+-]?\d{1,3}(?:\.\d{1,10})?)$/.exec(text);
  const latitude = Number(match?.[1]);
  const longitude = Number(match?.[2]);
  if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) return { latitude, longitude };
  throw invalid(
    `${quote(text)} are not coordinates: expected latitude (-90 to 90) and longitude (-180 to 180) in degrees, such as "52.5,13.4"`,
  );
}

function parseAsn(text: string): number {
  const asn = /^(?:AS)?[1-9][0-9]{0,9}$/i.test(text) ? Number(text.replace(/^AS/i, '')) : 0;
  if (asn >= 1 && asn <= 4_294_967_295) return asn;
  throw invalid(`${quote(text)} is not an autonomous system number: expected 1 to 4294967295`);
}

function parseMirrorNetblock(text: string): Netblock {
  const netblock = parseNetblock(text);
  if (netblock.length > 0) return netblock;
  throw invalid(`${quote(text)} is everybody: a netblock draws its clients to the mirror before all others`);
}

function parseWeight(text: string): number {
  const weight = /^[1-9][0-9]{0,6}$/.test(text) ? Number(text) : 0;
  if (weight >= 1 && weight <= 1_000_000) return weight;
  throw invalid(`${quote(text)} is not a weight: expected a whole number from 1 to 1000000`);
}

function parseRepositoryPattern(text: string): string {
  if (isRepositoryName(text.endsWith('/*') ? text.slice(0, -2) : text)) return text;
  throw invalid(
    `${quote(text)} is not a repository pattern: expected a name such as "fedora/base", or a prefix such as "fedora/*"`,
  );
}

/** Each item once, in the order given. */
function parseList<In, Out>(
  what: string,
  limit: number,
  items: readonly In[],
  parse: (item: In) => Out,
): readonly Out[] {
  if (items.length > limit)
    throw invalid(`${items.length} ${what} are too many: at most ${limit} are allowed`);
  const byText = new Map(items.map(parse).map((item) => [JSON.stringify(item), item]));
  return [...byText.values()];
}

function ifNamed<K extends string, In, Out>(
  key: K,
  value: In | undefined,
  parse: (value: In) => Out,
): Partial<Record<K, Out>> {
  return value === undefined ? {} : ({ [key]: parse(value) } as Record<K, Out>);
}

function invalid(message: string): SignpostError {
  return new SignpostError('USAGE', message);
}

import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { isRepositoryName } from '../oci/reference.ts';
import { findCountry } from './countries.ts';
import type { Coordinates } from './distance.ts';
import { type MirrorKind, mirrorKinds, type NewMirror } from './mirror.ts';
import { parseAsn, parseMirrorNetblock, refuseNested } from './parse-mirror-networks.ts';
import { type AllowedAddresses, parseContact, parseMirrorUrl, parseWebhookUrl } from './parse-mirror-url.ts';

/** A mirror as a person writes it. What is left out has its default. */
export interface MirrorInput {
  readonly name: string;
  /** One at least; the first that a client can use is taken. */
  readonly urls: readonly string[];
  readonly site?: string | undefined;
  readonly kind?: string | undefined;
  readonly country: string;
  /** `52.5,13.4`: latitude and longitude in degrees. */
  readonly coordinates?: string | undefined;
  readonly asns?: readonly string[] | undefined;
  readonly netblocks?: readonly string[] | undefined;
  readonly weight?: string | undefined;
  readonly repositories?: readonly string[] | undefined;
  readonly onlyCountries?: readonly string[] | undefined;
  readonly exceptCountries?: readonly string[] | undefined;
  readonly contact?: string | undefined;
  readonly webhook?: string | undefined;
}

/**
 * Reads a new mirror. It is approved: who takes it in from somebody else than an operator unsets that.
 * @throws SignpostError USAGE, naming the value and what was expected
 */
export function parseMirror(input: MirrorInput, allowed: AllowedAddresses): NewMirror {
  const { name, urls, country, ...rest } = input;
  const bare: NewMirror = {
    name: parseMirrorName(name),
    kind: 'public',
    urls: parseUrls(urls, allowed),
    country: parseCountry(country),
    asns: [],
    netblocks: [],
    weight: 100,
    repositories: [],
    onlyCountries: [],
    exceptCountries: [],
    enabled: true,
    approved: true,
  };
  return changeMirror(bare, rest, allowed);
}

/**
 * The mirror with what `changes` names changed. An empty list or text takes away; without
 * coordinates the country's middle counts.
 * @throws SignpostError USAGE
 */
export function changeMirror<T extends NewMirror>(
  mirror: T,
  changes: Partial<MirrorInput>,
  allowed: AllowedAddresses,
): T {
  const { site, coordinates, contact, webhook, ...rest } = mirror;
  const changed = {
    ...rest,
    ...optional('site', site, changes.site, parseSite),
    ...optional('coordinates', coordinates, changes.coordinates, parseCoordinates),
    ...optional('contact', contact, changes.contact, parseContact),
    ...optional('webhook', webhook, changes.webhook, (url) => parseWebhookUrl(url, allowed)),
    ...ifNamed('name', changes.name, parseMirrorName),
    ...ifNamed('kind', changes.kind, parseKind),
    ...ifNamed('urls', changes.urls, (urls) => parseUrls(urls, allowed)),
    ...ifNamed('country', changes.country, parseCountry),
    ...ifNamed('asns', changes.asns, (list) => parseList('ASNs', 64, list, parseAsn)),
    ...ifNamed('netblocks', changes.netblocks, (list) =>
      refuseNested(parseList('netblocks', 1024, list, parseMirrorNetblock)),
    ),
    ...ifNamed('weight', changes.weight, parseWeight),
    ...ifNamed('repositories', changes.repositories, (list) =>
      parseList('repositories', 256, list, parseRepositoryPattern),
    ),
    ...ifNamed('onlyCountries', changes.onlyCountries, (list) =>
      parseList('countries', 250, list, parseCountry),
    ),
    ...ifNamed('exceptCountries', changes.exceptCountries, (list) =>
      parseList('countries', 250, list, parseCountry),
    ),
  } as unknown as T;
  refuseNonsense(changed);
  return changed;
}

function refuseNonsense({ kind, netblocks, onlyCountries, exceptCountries }: NewMirror): void {
  if (kind === 'private' && netblocks.length === 0) {
    throw invalid(
      'a private mirror serves only clients in its CIDR blocks: name them with --netblock, or as "netblocks" in a file or the API',
    );
  }
  const both = onlyCountries.find((country) => exceptCountries.includes(country));
  if (both === undefined) return;
  throw invalid(
    `${quote(both)} is both among the countries that it serves only and among those that it does not`,
  );
}

/** @throws SignpostError USAGE */
function parseMirrorName(text: string): string {
  if (/^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/.test(text)) return text;
  throw invalid(
    `${quote(text)} is not a mirror's name: expected at most 63 lower-case letters, digits, "-" and ".", such as "uni-example"`,
  );
}

function parseUrls(texts: readonly string[], allowed: AllowedAddresses): NewMirror['urls'] {
  const [first, ...others] = parseList('URLs', 8, texts, (text) => parseMirrorUrl(text, allowed));
  if (first === undefined) throw invalid('a mirror needs a URL, such as "https://mirror.example.org/images"');
  return [first, ...others];
}

function parseKind(text: string): MirrorKind {
  const kind = mirrorKinds.find((kind) => kind === text);
  if (kind !== undefined) return kind;
  throw invalid(`${quote(text)} is not a kind of mirror: expected ${mirrorKinds.join(', ')}`);
}

function parseSite(text: string): string {
  if (text.length <= 100 && /^[^\p{C}\p{Z}](?:[^\p{C}\p{Zl}\p{Zp}]*[^\p{C}\p{Z}])?$/u.test(text)) return text;
  throw invalid(`${quote(text)} is not a site's name: expected at most 100 characters in one line`);
}

function parseCountry(text: string): string {
  const country = findCountry(text.toUpperCase());
  if (country !== undefined && text.length === 2) return country.code;
  throw invalid(`${quote(text)} is not a country: expected an ISO 3166-1 code of two letters, such as "DE"`);
}

function parseCoordinates(text: string): Coordinates {
  const match = /^([+-]?\d{1,3}(?:\.\d{1,10})?), ?([+-]?\d{1,3}(?:\.\d{1,10})?)$/.exec(text);
  const latitude = Number(match?.[1]);
  const longitude = Number(match?.[2]);
  if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) return { latitude, longitude };
  throw invalid(
    `${quote(text)} are not coordinates: expected latitude (-90 to 90) and longitude (-180 to 180) in degrees, such as "52.5,13.4"`,
  );
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

/** What was there before, or what it is changed to; an empty text takes it away. */
function optional<K extends string, Out>(
  key: K,
  before: Out | undefined,
  value: string | undefined,
  parse: (value: string) => Out,
): Partial<Record<K, Out>> {
  const after = value === undefined ? before : value === '' ? undefined : parse(value);
  return after === undefined ? {} : ({ [key]: after } as Record<K, Out>);
}

function invalid(message: string): SignpostError {
  return new SignpostError('USAGE', message);
}

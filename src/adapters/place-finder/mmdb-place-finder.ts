import { type AddressWords, type IpAddress, type Netblock, wordsOf } from '../../net/address.ts';
import { findCountry } from '../../mirrors/countries.ts';
import { formatNetblock } from '../../net/netblock.ts';
import { type NetblockMatch, compileNetblockTable } from '../../net/netblock-table.ts';
import type { Place } from '../../mirrors/place.ts';
import { inPieces } from '../../parallel/in-pieces.ts';
import type { PlaceFinder } from '../../ports/place-finder.ts';
import { type MmdbFile, readMmdbFile } from './mmdb-file.ts';
import { createNetworkCache } from './network-cache.ts';
import { type PlaceRecord, readPlaceRecord } from './place-record.ts';

/** The operator's own word on a netblock. What it leaves out, the databases say. */
interface PlaceOverride {
  readonly netblock: Netblock;
  readonly country?: string | undefined;
  readonly asn?: number | undefined;
}

interface CompiledOverride extends PlaceOverride {
  /** What places of the databases have become: one is kept for a whole network. */
  readonly places: WeakMap<Place, Place>;
}

export interface PlaceSources {
  /** Path of a database with countries or cities. */
  readonly countryDatabase: string;
  /** Path of a database with autonomous system numbers. */
  readonly asnDatabase?: string | undefined;
  /** They go before the databases; the longest matching netblock counts. */
  readonly overrides: Iterable<PlaceOverride>;
}

/**
 * Places addresses by databases in MaxMind's format, read whole into memory.
 * @param pause gives others their turn meanwhile
 * @throws SignpostError CONFIG_INVALID when a database cannot be read; what `sources.overrides` throws
 */
export async function createMmdbPlaceFinder(
  sources: PlaceSources,
  pause: () => Promise<void> = () => Promise.resolve(),
): Promise<PlaceFinder> {
  const countries = await readMmdbFile(sources.countryDatabase, 'country database');
  const asns =
    sources.asnDatabase === undefined ? undefined : await readMmdbFile(sources.asnDatabase, 'ASN database');
  const overrides = await inPieces(compileNetblockTable(compileOverrides(sources.overrides)), pause);
  const cache = createNetworkCache<Place>();
  const findInDatabases = (address: IpAddress, words: AddressWords): Place => {
    const known = cache.get(words);
    if (known !== undefined) return known;
    const byCountry = lookUp(countries, address);
    const byAsn = asns === undefined ? undefined : lookUp(asns, address);
    const place = placeFromDatabases(byCountry, byAsn);
    cache.set(words, place, Math.max(byCountry.length, byAsn?.length ?? 0));
    return place;
  };
  return {
    find: (address) => {
      const words = wordsOf(address);
      const place = findInDatabases(address, words);
      const match = overrides.find(words);
      return match === undefined ? place : overridePlace(place, match);
    },
  };
}

function* compileOverrides(overrides: Iterable<PlaceOverride>) {
  for (const override of overrides) {
    yield { netblock: override.netblock, value: { ...override, places: new WeakMap<Place, Place>() } };
  }
}

interface LookUp extends PlaceRecord {
  readonly length: number;
  readonly damaged?: boolean;
}

function lookUp(file: MmdbFile, address: IpAddress): LookUp {
  try {
    const { record, length } = file.find(address);
    return { ...readPlaceRecord(record), length };
  } catch {
    // The file is damaged at this record. The client is placed nowhere, and the place says why; it is not turned away.
    return { damaged: true, length: 0 };
  }
}

function placeFromDatabases(byCountry: LookUp, byAsn: LookUp | undefined): Place {
  const { country, continent, latitude, longitude } = byCountry;
  const asn = byAsn?.asn ?? byCountry.asn;
  const middle = country === undefined ? undefined : findCountry(country);
  const sources = [
    ...(country === undefined && continent === undefined ? [] : ['country database']),
    ...(asn === undefined ? [] : [byAsn?.asn === undefined ? 'country database' : 'ASN database']),
    ...(byCountry.damaged === true ? ['country database (damaged)'] : []),
    ...(byAsn?.damaged === true ? ['ASN database (damaged)'] : []),
  ];
  return {
    ...optional('country', country),
    ...optional('continent', continent ?? middle?.continent),
    ...optional('asn', asn),
    ...optional('latitude', latitude ?? middle?.latitude),
    ...optional('longitude', longitude ?? middle?.longitude),
    source: sources.length === 0 ? 'no database has the address' : [...new Set(sources)].join(', '),
  };
}

function overridePlace(place: Place, match: NetblockMatch<CompiledOverride>): Place {
  const { places } = match.value;
  const known = places.get(place);
  if (known !== undefined) return known;
  const overridden = makeOverridden(place, match);
  places.set(place, overridden);
  return overridden;
}

function makeOverridden(place: Place, { value, netblock }: NetblockMatch<CompiledOverride>): Place {
  const pinned = `CIDR block ${formatNetblock(netblock)} of the configuration`;
  const asn = value.asn ?? place.asn;
  const source =
    value.country === undefined && place.country !== undefined ? `${pinned}, ${place.source}` : pinned;
  if (value.country === undefined || value.country === place.country) {
    return { ...place, ...optional('asn', asn), source };
  }
  // The databases are wrong about the country, so what else they say about the place is wrong too.
  const middle = findCountry(value.country);
  return {
    country: value.country,
    ...optional('continent', middle?.continent),
    ...optional('latitude', middle?.latitude),
    ...optional('longitude', middle?.longitude),
    ...optional('asn', asn),
    source,
  };
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { placeFinderContract } from '../../../test/contracts/place-finder.ts';
import { buildMmdb } from '../../../test/fakes/mmdb-builder.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseIpAddress } from '../../net/address.ts';
import { parseNetblock } from '../../net/netblock.ts';
import { type PlaceSources, createMmdbPlaceFinder } from './mmdb-place-finder.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-places-'));
after(() => rmSync(folder, { recursive: true }));
let number = 0;
const write = (bytes: Uint8Array) => {
  const path = join(folder, `${number++}.mmdb`);
  writeFileSync(path, bytes);
  return path;
};
type Records = Readonly<Record<string, Parameters<typeof buildMmdb>[0][number]['record']>>;
const database = (records: Records, options?: Parameters<typeof buildMmdb>[1]) =>
  write(
    buildMmdb(
      Object.entries(records).map(([netblock, record]) => ({ netblock: parseNetblock(netblock), record })),
      options,
    ),
  );
const find = async (sources: Omit<PlaceSources, 'overrides'> & Partial<PlaceSources>, text: string) =>
  (await createMmdbPlaceFinder({ overrides: [], ...sources })).find(parseIpAddress(text));

placeFinderContract('a database', async (known) => ({
  finder: await createMmdbPlaceFinder({
    countryDatabase: write(
      buildMmdb(known.map(({ netblock, country }) => ({ netblock, record: { country_code: country } }))),
    ),
    overrides: [],
  }),
  end: () => undefined,
}));

placeFinderContract('pinned netblocks', async (overrides) => ({
  finder: await createMmdbPlaceFinder({ countryDatabase: database({}), overrides }),
  end: () => undefined,
}));

test('both layouts of records are read', async () => {
  const countryDatabase = database({
    '192.0.2.0/24': {
      country: { iso_code: 'DE' },
      continent: { code: 'EU' },
      location: { latitude: 52.5, longitude: 13.25 },
    },
    '198.51.100.0/24': { country_code: 'NZ', latitude: '-41.5', longitude: '174.5' },
    '203.0.113.0/24': { country_code: 'JP', autonomous_system_number: 2500 },
  });
  assert.deepEqual(await find({ countryDatabase }, '192.0.2.1'), {
    country: 'DE',
    continent: 'EU',
    latitude: 52.5,
    longitude: 13.25,
    source: 'country database',
  });
  const inNewZealand = await find({ countryDatabase }, '198.51.100.1');
  assert.deepEqual(
    [inNewZealand.continent, inNewZealand.latitude, inNewZealand.longitude],
    ['OC', -41.5, 174.5],
  );
  const inJapan = await find({ countryDatabase }, '203.0.113.1');
  assert.deepEqual([inJapan.continent, inJapan.asn], ['AS', 2500]);
  // Where only the country is known, its middle counts.
  assert.ok(Math.abs((inJapan.latitude ?? 0) - 36) < 3 && Math.abs((inJapan.longitude ?? 0) - 138) < 3);
});

test('values that make no sense are passed over', async () => {
  const countryDatabase = database({
    '192.0.2.0/24': { country_code: 'Germany', latitude: 91.5, longitude: 13, autonomous_system_number: 0 },
    '198.51.100.0/24': { country: 'DE', location: 'here', constructor: 'x' },
    '203.0.113.0/24': 'DE',
  });
  for (const text of ['192.0.2.1', '198.51.100.1', '203.0.113.1']) {
    assert.deepEqual(await find({ countryDatabase }, text), { source: 'no database has the address' }, text);
  }
});

test('an ASN database adds the autonomous system, and goes before the country database', async () => {
  const sources = {
    countryDatabase: database({ '192.0.2.0/24': { country_code: 'DE', autonomous_system_number: 1 } }),
    asnDatabase: database({ '192.0.0.0/16': { autonomous_system_number: 4_294_967_295 } }),
  };
  assert.equal((await find(sources, '192.0.2.1')).asn, 4_294_967_295);
  assert.equal((await find(sources, '192.0.2.1')).source, 'country database, ASN database');
  assert.deepEqual(await find(sources, '192.0.9.1'), { asn: 4_294_967_295, source: 'ASN database' });
});

test('the operator has the last word on a netblock', async () => {
  const sources = {
    countryDatabase: database({
      '0.0.0.0/1': { country_code: 'US', latitude: 37.5, longitude: -122 },
      '128.0.0.0/1': { country_code: 'DE', latitude: 52.5, longitude: 13 },
    }),
    overrides: [
      { netblock: parseNetblock('192.0.0.0/16'), country: 'FR' },
      { netblock: parseNetblock('192.0.2.0/24'), asn: 64_500 },
      { netblock: parseNetblock('192.0.3.0/24'), country: 'DE', asn: 64_501 },
    ],
  };
  assert.deepEqual(await find(sources, '192.0.1.1'), {
    country: 'FR',
    continent: 'EU',
    latitude: 46.6,
    longitude: 2.5,
    source: 'CIDR block 192.0.0.0/16 of the configuration',
  });
  // The longest netblock counts; what it leaves out, the database says.
  const byAsn = await find(sources, '192.0.2.1');
  assert.deepEqual([byAsn.country, byAsn.asn, byAsn.latitude], ['DE', 64_500, 52.5]);
  assert.equal(byAsn.source, 'CIDR block 192.0.2.0/24 of the configuration, country database');
  // The database agrees on the country, so its coordinates hold.
  const both = await find(sources, '192.0.3.1');
  assert.deepEqual([both.country, both.asn, both.latitude], ['DE', 64_501, 52.5]);
  assert.equal((await find(sources, '10.0.0.1')).country, 'US');
});

test('a database of IPv4 addresses says nothing of IPv6 ones', async () => {
  const countryDatabase = database({ '32.0.0.0/8': { country_code: 'US' } }, { ipVersion: 4 });
  assert.equal((await find({ countryDatabase }, '32.1.13.184')).country, 'US');
  assert.equal((await find({ countryDatabase }, '2001:db8::1')).country, undefined);
});

test('a file that is no database is refused by name', async () => {
  const good = buildMmdb([{ netblock: parseNetblock('192.0.2.0/24'), record: { country_code: 'DE' } }]);
  const cases: Readonly<Record<string, RegExp>> = {
    [join(folder, 'absent.mmdb')]: /cannot be read: ENOENT/,
    [folder]: /cannot be read/,
    [write(Buffer.alloc(0))]: /is not a MaxMind-format/,
    [write(Buffer.from('country,start,end\n'.repeat(1000)))]: /is not a MaxMind-format/,
    [write(good.subarray(0, good.length / 2))]: /is not a MaxMind-format/,
    [write(good.subarray(200))]: /is damaged/,
    [write(good.subarray(0, -60))]: /is damaged/,
    [database({}, { metadata: { record_size: 20 } })]: /is damaged/,
    [database({}, { metadata: { binary_format_major_version: 3 } })]: /is damaged, or of a version/,
    [database({}, { metadata: { ip_version: 5 } })]: /is damaged, or of a version/,
    [database({}, { metadata: { node_count: 4_000_000_000 } })]: /is damaged, or of a version/,
    [database({}, { metadata: { node_count: 'many' } })]: /is damaged/,
  };
  for (const [path, problem] of Object.entries(cases)) {
    await assert.rejects(
      () => find({ countryDatabase: path }, '192.0.2.1'),
      (error) =>
        isSignpostError(error, 'CONFIG_INVALID') &&
        error.message.startsWith(`the country database ${path} `) &&
        problem.test(error.message),
      `${path} ${problem.source}`,
    );
  }
  await assert.rejects(
    () => find({ countryDatabase: write(good), asnDatabase: write(Buffer.from('no')) }, '192.0.2.1'),
    /^SignpostError: the ASN database /,
  );
});

test('a database that is damaged inside places a client nowhere, and says so', async () => {
  const good = buildMmdb([{ netblock: parseNetblock('192.0.2.0/24'), record: { country_code: 'DE' } }]);
  const at = good.indexOf('country_code');
  // A pointer to itself, where the key was.
  good[at - 1] = 0x20;
  good[at] = 1;
  const place = await find({ countryDatabase: write(good) }, '192.0.2.1');
  assert.deepEqual(place, { source: 'country database (damaged)' });
});

test('the database that comes with Signpost knows both families', async () => {
  const countryDatabase = fileURLToPath(
    import.meta.resolve('@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb'),
  );
  assert.equal((await find({ countryDatabase }, '193.0.6.139')).country, 'NL');
  assert.equal((await find({ countryDatabase }, '2001:67c:2e8:22::c100:68b')).country, 'NL');
  assert.equal((await find({ countryDatabase }, '127.0.0.1')).country, undefined);
});

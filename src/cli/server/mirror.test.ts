import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { author } from '../../../test/fakes/author.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { openDatabase } from '../../adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../adapters/db/sqlite/sqlite-database.ts';
import { createMirrorRegistry } from '../../adapters/db/tables/mirror-registry.ts';
import type { MirrorDescription } from '../../mirrors/mirror-description.ts';
import { exitCodes } from '../terminal/exit-codes.ts';

let data = '';
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'signpost-mirror-command-'));
});
afterEach(() => rmSync(data, { recursive: true }));

const mirror = (...argv: readonly string[]) => runCommand('mirror', ...argv, '--data', data);
const add = (name: string, ...argv: readonly string[]) =>
  mirror('add', name, `https://${name}.example.org/`, '--country', 'DE', ...argv);
const list = async () =>
  (
    JSON.parse((await mirror('list', '--json')).out) as {
      mirrors: readonly (MirrorDescription & { id: number })[];
    }
  ).mirrors;

test('a mirror is added, listed, changed, switched off and on, and removed', async () => {
  assert.match((await mirror('list')).out, /no mirrors: add one/);
  const added = await add(
    'uni',
    '--asn',
    '680,AS681',
    '--netblock',
    '192.0.2.0/24',
    '--netblock',
    '2001:db8::/32',
  );
  assert.deepEqual([added.status, added.err], [exitCodes.ok, '']);
  assert.match(added.out, /^added uni: https:\/\/uni\.example\.org \(DE, weight 100\)\n$/);
  const [first] = await list();
  assert.deepEqual(first?.asns, [680, 681]);
  assert.deepEqual(first?.netblocks, ['192.0.2.0/24', '2001:db8::/32']);

  assert.equal(
    (await mirror('edit', 'uni', '--weight', '7', '--no-asn', '--name', 'university')).status,
    exitCodes.ok,
  );
  assert.deepEqual(await list(), [{ ...first, name: 'university', weight: 7, asns: [] }]);

  await mirror('disable', 'university');
  assert.equal((await list())[0]?.enabled, false);
  assert.match((await mirror('list')).out, /^university +DE +7 +everybody +disabled +https:/m);
  await mirror('enable', 'university');
  assert.equal((await list())[0]?.enabled, true);
  assert.match((await mirror('list')).out, /not probed yet/);

  const removed = JSON.parse((await mirror('remove', 'university', '--yes', '--json')).out) as {
    removed: { name: string };
  };
  assert.equal(removed.removed.name, 'university');
  assert.deepEqual(await list(), []);
});

test('every property can be given, and taken away again', async () => {
  const given = [
    '--coordinates',
    '52.5,13.4',
    '--kind',
    'private',
    '--site',
    'University of Example',
    '--except-country',
    'aq',
    '--contact',
    'mirrors@uni.example',
    '--webhook',
    'https://uni.example/hooks?token=t',
    '--netblock',
    '10.0.0.0/8',
    '--repository',
    'fedora/*',
  ];
  await add('whole', ...given, '--only-country', 'de,fr', '--weight', '1000', '--asn', '1');
  const [whole] = await list();
  assert.deepEqual(whole?.coordinates, { latitude: 52.5, longitude: 13.4 });
  assert.deepEqual(
    [whole?.kind, whole?.repositories, whole?.onlyCountries, whole?.exceptCountries],
    ['private', ['fedora/*'], ['DE', 'FR'], ['AQ']],
  );
  const none = [
    '--no-coordinates',
    '--kind',
    'public',
    '--no-netblock',
    '--no-except-country',
    '--no-site',
    '--no-contact',
    '--no-webhook',
    '--no-repository',
    '--no-only-country',
    '--no-asn',
  ];
  assert.equal((await mirror('edit', 'whole', ...none)).status, exitCodes.ok);
  const { coordinates: _, site, contact, webhook, ...rest } = whole ?? {};
  assert.deepEqual(
    [site, contact, webhook],
    ['University of Example', 'mirrors@uni.example', 'https://uni.example/hooks?token=t'],
  );
  const empty = { asns: [], netblocks: [], repositories: [], onlyCountries: [], exceptCountries: [] };
  assert.deepEqual(await list(), [{ ...rest, ...empty, kind: 'public' }]);
});

test('bad input is refused with a message, and changes nothing', async () => {
  await add('uni');
  const before = await list();
  const cases = [
    [add('uni'), exitCodes.usage, /named "uni" already/],
    [add('Uni Example'), exitCodes.usage, /not a mirror's name/],
    [mirror('add', 'other', 'https://other.example.org'), exitCodes.usage, /--country/],
    [
      mirror('add', 'other', 'ftp://other.example.org', '--country', 'DE'),
      exitCodes.usage,
      /cannot be a mirror's URL/,
    ],
    [
      mirror('add', 'other', 'https://127.0.0.1', '--country', 'DE'),
      exitCodes.usage,
      /loopback.*allowAddresses/,
    ],
    [
      mirror('add', 'other', 'https://me:secret@a.example', '--country', 'DE'),
      exitCodes.usage,
      /user and password/,
    ],
    [add('other', '--netblock', '192.0.2.1/24'), exitCodes.usage, /did you mean "192\.0\.2\.0\/24"/],
    [add('other', '--netblock', '::/0'), exitCodes.usage, /is the whole Internet/],
    [add('other', '--kind', 'secret'), exitCodes.usage, /public, private, always-current/],
    [add('other', '--kind', 'private'), exitCodes.usage, /--netblock/],
    [add('other', '--weight', '0'), exitCodes.usage, /1 to 1000000/],
    [add('other', '--nonsense'), exitCodes.usage, /nonsense/],
    [mirror('edit', 'uni'), exitCodes.usage, /no property to change/],
    [mirror('edit', 'uni', '--country', 'ZZ'), exitCodes.usage, /not a country/],
    [mirror('edit', 'nobody', '--weight', '1'), exitCodes.notFound, /no mirror named "nobody"/],
    [mirror('remove', 'nobody'), exitCodes.notFound, /mirror list/],
    [mirror('disable', 'nobody'), exitCodes.notFound, /no mirror named/],
    [mirror('nonsense'), exitCodes.usage, /nonsense/],
  ] as const;
  for (const [running, status, message] of cases) {
    const result = await running;
    assert.match(result.err, message);
    assert.equal(result.status, status, result.err);
    assert.equal(result.out, '');
  }
  assert.deepEqual(await list(), before);
});

test('an address that leads inside needs the configuration, which must itself be right', async () => {
  const config = join(data, 'signpost.yaml');
  const argv = ['add', 'local', 'http://127.0.0.1:8080', '--country', 'DE', '--config', config];
  writeFileSync(config, 'mirrors: { allowAddresses: [127.0.0.1/8] }\n');
  const wrong = await mirror(...argv);
  assert.equal(wrong.status, exitCodes.usage);
  assert.match(wrong.err, /mirrors\.allowAddresses\.0: .*did you mean "127\.0\.0\.0\/8"/);
  writeFileSync(config, 'mirrors: { allowAddresses: [127.0.0.0/8] }\n');
  assert.equal((await mirror(...argv)).status, exitCodes.ok);
});

test('a front end keeps no mirrors', async () => {
  const config = join(data, 'front-end.yaml');
  writeFileSync(config, 'origin: { url: "https://admin.example.org/front-ends", key: origin.pub }\n');
  const commands = [
    ['mirror', 'list'],
    ['mirror', 'add', 'uni', 'https://uni.example.org', '--country', 'DE'],
    ['mirror', 'history', 'uni'],
    ['crawl'],
    ['explain', '192.0.2.1', `fedora/base@sha256:${'0'.repeat(64)}`],
  ];
  for (const argv of commands) {
    const { status, err } = await runCommand(...argv, '--config', config);
    assert.equal(status, exitCodes.usage);
    assert.match(err, /front end/);
  }
});

test('a URL belongs to one mirror', async () => {
  await add('uni');
  const second = await mirror('add', 'other', 'https://uni.example.org', '--country', 'FR');
  assert.equal(second.status, exitCodes.usage);
  assert.match(second.err, /"https:\/\/uni\.example\.org" is the URL of the mirror "uni" already/);
  await add('third');
  assert.match((await mirror('edit', 'third', '--url', 'https://uni.example.org/')).err, /already/);
  assert.equal((await mirror('edit', 'uni', '--weight', '3')).status, exitCodes.ok);
  assert.deepEqual(
    (await list()).map(({ name }) => name),
    ['third', 'uni'],
  );
});

test('a mirror has several URLs, shown whole by name', async () => {
  const urls = ['https://a.example.org/x,y', 'http://[2a00::1]/x'];
  assert.equal((await mirror('add', 'uni', ...urls, '--country', 'DE')).status, exitCodes.ok);
  assert.deepEqual((await list())[0]?.urls, urls);
  const shown = await mirror('show', 'uni');
  assert.match(shown.out, /^URL +https:\/\/a\.example\.org\/x,y\nURL +http:\/\/\[2a00::1\]\/x$/m);
  assert.match(shown.out, /^status +not probed yet$/m);
  await mirror('edit', 'uni', '--url', 'https://b.example.org', '--url', 'https://c.example.org');
  const { mirror: json } = JSON.parse((await mirror('show', 'uni', '--json')).out) as {
    mirror: MirrorDescription;
  };
  assert.deepEqual(json.urls, ['https://b.example.org', 'https://c.example.org']);
});

test('netblocks of two mirrors overlap only when that is said', async () => {
  await add('uni', '--netblock', '192.0.2.0/24');
  const refused = await add('other', '--netblock', '192.0.2.128/25');
  assert.equal(refused.status, exitCodes.usage);
  assert.match(
    refused.err,
    /"192\.0\.2\.128\/25" overlaps "192\.0\.2\.0\/24" of the mirror "uni".*--share-netblocks/,
  );
  assert.equal(
    (await add('other', '--netblock', '192.0.2.128/25', '--share-netblocks')).status,
    exitCodes.ok,
  );
  assert.equal((await mirror('edit', 'other', '--weight', '3')).status, exitCodes.ok);
  assert.equal((await mirror('edit', 'other', '--netblock', '192.0.2.0/25')).status, exitCodes.usage);
});

test('a mirror that nobody has approved is shown so, and approved by name', async () => {
  await add('uni');
  using database = openDatabase(join(data, 'signpost.db'));
  const registry = createMirrorRegistry(createSqliteDatabase(database));
  const [entered] = await registry.list();
  assert.ok(entered?.approved === true);
  await registry.update(entered, { ...entered, approved: false }, author);
  assert.match((await mirror('list')).out, /waits for approval/);
  assert.match((await mirror('approve', 'uni')).out, /^approved uni: /);
  assert.equal((await list())[0]?.approved, true);
});

test('mirrors are imported from a file, and from what the list shows; importing it again changes nothing', async () => {
  const file = join(data, 'mirrors.yaml');
  const write = (text: string) => writeFileSync(file, text);
  write(`mirrors:
  - { name: uni, urls: ["https://uni.example.org"], country: de, asns: [680], weight: 7 }
  - name: campus
    urls: ["https://campus.example.org", "https://campus6.example.org"]
    country: FR
    kind: private
    netblocks: [192.0.2.0/24]
    coordinates: { latitude: 48.8, longitude: 2.3 }
    contact: mirrors@campus.example
    enabled: false
`);
  const planned = await mirror('import', file, '--dry-run');
  assert.match(planned.out, /^would add uni\nwould add campus\n2 added, 0 changed, 0 as they were\n$/);
  assert.deepEqual(await list(), []);
  assert.deepEqual((await mirror('import', file)).status, exitCodes.ok);
  const imported = await list();
  assert.partialDeepStrictEqual(
    imported.find(({ name }) => name === 'campus'),
    { enabled: false, approved: true, kind: 'private', netblocks: ['192.0.2.0/24'], weight: 100 },
  );
  await add('other');
  write((await mirror('list', '--json')).out);
  assert.match((await mirror('import', file)).out, /^0 added, 0 changed, 3 as they were\n$/);
  write(JSON.stringify({ mirrors: imported.map((one) => ({ mirror: { ...one, weight: 9 }, etag: 'x' })) }));
  assert.match((await mirror('import', file)).out, /0 added, 2 changed, 0 as they were\n$/);
  assert.deepEqual((await list()).map(({ name, weight }) => `${name} ${weight}`).toSorted(), [
    'campus 9',
    'other 100',
    'uni 9',
  ]);
});

test('a file with one wrong mirror is refused as a whole', async () => {
  const file = join(data, 'mirrors.json');
  const one = (name: string, more: object = {}) => ({
    name,
    urls: [`https://${name}.example.org`],
    country: 'DE',
    ...more,
  });
  await add('there', '--netblock', '198.51.100.0/24');
  const before = await list();
  const wrong: readonly (readonly [RegExp, readonly unknown[]])[] = [
    [/"b".*twice/, [one('b'), one('b')]],
    [/is the URL of the mirror/, [one('a'), one('b', { urls: ['https://a.example.org'] })]],
    [/the mirror "b": .*overlaps.*"there"/, [one('a'), one('b', { netblocks: ['198.51.100.0/25'] })]],
    [/the mirror "b": .*weight/, [one('a'), one('b', { weight: 0 })]],
    [/the mirror "b": .*127\.0\.0\.1/, [one('a'), one('b', { urls: ['https://127.0.0.1'] })]],
    [/mirrors\.1: unknown setting "speed"/, [one('a'), one('b', { speed: 1 })]],
    [/mirrors\.0/, ['a']],
  ];
  for (const [message, mirrors] of wrong) {
    writeFileSync(file, JSON.stringify({ mirrors }));
    const { status, err } = await mirror('import', file);
    assert.notEqual(status, exitCodes.ok);
    assert.match(err, message);
  }
  for (const text of ['', '{', 'mirrors: x', '[]']) {
    writeFileSync(file, text);
    assert.notEqual((await mirror('import', file)).status, exitCodes.ok, text);
  }
  assert.deepEqual(await list(), before);
});

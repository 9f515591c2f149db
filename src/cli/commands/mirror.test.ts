import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { runCommand } from '../../../test/fakes/run-command.ts';
import type { MirrorDescription } from '../../mirrors/mirror-description.ts';
import { exitCodes } from '../exit-codes.ts';

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

  const removed = JSON.parse((await mirror('remove', 'university', '--json')).out) as {
    removed: { name: string };
  };
  assert.equal(removed.removed.name, 'university');
  assert.deepEqual(await list(), []);
});

test('every property can be given, and taken away again', async () => {
  const given = [
    '--coordinates',
    '52.5,13.4',
    '--private',
    '--netblock',
    '10.0.0.0/8',
    '--repository',
    'fedora/*',
  ];
  await add('whole', ...given, '--only-country', 'de,fr', '--weight', '1000', '--asn', '1');
  const [whole] = await list();
  assert.deepEqual(whole?.coordinates, { latitude: 52.5, longitude: 13.4 });
  assert.deepEqual(
    [whole?.private, whole?.repositories, whole?.onlyCountries],
    [true, ['fedora/*'], ['DE', 'FR']],
  );
  const none = [
    '--no-coordinates',
    '--no-private',
    '--no-netblock',
    '--no-repository',
    '--no-only-country',
    '--no-asn',
  ];
  assert.equal((await mirror('edit', 'whole', ...none)).status, exitCodes.ok);
  const { coordinates: _, ...rest } = whole ?? {};
  const empty = { asns: [], netblocks: [], private: false, repositories: [], onlyCountries: [] };
  assert.deepEqual(await list(), [{ ...rest, ...empty }]);
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
    [add('other', '--netblock', '::/0'), exitCodes.usage, /everybody/],
    [add('other', '--private'), exitCodes.usage, /--netblock/],
    [add('other', '--weight', '0'), exitCodes.usage, /1 to 1000000/],
    [add('other', '--nonsense'), exitCodes.usage, /nonsense/],
    [mirror('edit', 'uni'), exitCodes.usage, /nothing to change/],
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

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { openDatabase } from '../../adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../adapters/db/sqlite/sqlite-database.ts';
import { createMirrorStates } from '../../adapters/db/tables/mirror-states.ts';
import { createPublications } from '../../adapters/db/tables/publications.ts';
import { manifestPath } from '../../adapters/tree/tree-paths.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { exitCodes } from '../terminal/exit-codes.ts';

const data = mkdtempSync(join(tmpdir(), 'signpost-explain-command-'));
after(() => rmSync(data, { recursive: true }));
const config = join(data, 'signpost.yaml');
const big = digestOf('big');
const small = digestOf('small');
const images = [buildImage(), buildImage({ platform: 'linux/s390x', command: ['/more', 'of', 'it'] })];
const list = buildList(images);
const explain = (...argv: readonly string[]) =>
  runCommand('explain', ...argv, '--data', data, '--config', config);

before(async () => {
  writeFileSync(
    config,
    'places: { overrides: [{ netblock: 192.0.2.0/24, country: DE, asn: 680 }, { netblock: 198.51.100.0/24, country: NZ }] }\n',
  );
  const add = (name: string, ...argv: readonly string[]) =>
    runCommand('mirror', 'add', name, `https://${name}.example.org`, ...argv, '--data', data);
  await add('berlin', '--country', 'DE', '--weight', '300');
  await add('bonn', '--country', 'DE', '--weight', '100');
  await add('paris', '--country', 'FR');
  await add('tokyo', '--country', 'JP', '--only-country', 'JP');
  using database = openDatabase(join(data, 'signpost.db'));
  const repository = parseRepositoryName('fedora/base');
  await createPublications(createSqliteDatabase(database), { now: () => 0 }).publish({
    tags: [
      {
        repository,
        tag: parseTagName('41'),
        list: list.digest,
        requestSerial: 1,
        expires: 4_000_000_000_000,
      },
    ],
    manifests: [],
    blobs: [
      { repository, digest: big, size: 10_000_000 },
      { repository, digest: small, size: 100 },
      ...[...list.blobs].map(([digest, bytes]) => ({ repository, digest, size: bytes.length })),
    ],
  });
  for (const [digest, { manifest }] of list.manifests) {
    const path = manifestPath(join(data, 'tree'), repository, digest);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, manifest);
  }
});

test('takes a tag, and explains the largest blob of its image', async () => {
  for (const [platform, index] of [
    [undefined, 0],
    ['linux/s390x', 1],
  ] as const) {
    const image = images[index] ?? assert.fail();
    const [largest] = [...image.blobs].toSorted(([, one], [, other]) => other.length - one.length);
    const option = platform === undefined ? [] : ['--platform', platform];
    const { status, out } = await explain('192.0.2.7', 'fedora/base:41', ...option);
    assert.equal(status, exitCodes.ok);
    const said = `fedora/base:41 is ${list.digest}; its largest blob for ${platform ?? 'linux/amd64'} is ${largest?.[0]}`;
    assert.ok(out.includes(`Note: ${said} (${largest?.[1].length} bytes)`), out);
    assert.match(out, /^[12] +berlin +country /m);
    const { blob } = JSON.parse((await explain('192.0.2.7', 'fedora/base:41', ...option, '--json')).out) as {
      blob: { digest: string };
    };
    assert.equal(blob.digest, largest?.[0]);
  }
  const absent = await explain('192.0.2.7', 'fedora/base:42');
  assert.notEqual(absent.status, exitCodes.ok);
  assert.match(absent.err, /fedora\/base has no tag "42"/);
  const other = await explain('192.0.2.7', 'fedora/base:41', '--platform', 'linux/riscv64');
  assert.notEqual(other.status, exitCodes.ok);
  assert.match(other.err, /no image for linux\/riscv64/);
});

test('tells how the client was placed, the ranking, and every rejection', async () => {
  const { status, out } = await explain('192.0.2.7', `fedora/base@${big}`);
  assert.equal(status, exitCodes.ok);
  assert.match(
    out,
    /^Client 192\.0\.2\.7 over https: DE, EU, AS680, near .* \(CIDR block 192\.0\.2\.0\/24 of the configuration\)$/m,
  );
  assert.match(out, /^Note: no server has probed the mirrors yet/m);
  assert.match(out, /^[12] +berlin +country +\d+ km +75 % +https:\/\/berlin\.example\.org$/m);
  assert.match(out, /^[12] +bonn +country +\d+ km +25 % /m);
  assert.match(out, /^3 +paris +continent +\d+ km +100 % /m);
  assert.match(out, /^tokyo +country-not-served +it serves JP only, and the client is in DE$/m);
  assert.equal((await explain('::ffff:192.0.2.7', `fedora/base@${big}`)).out, out);
});

test('gives the same as JSON', async () => {
  const { out } = await explain('192.0.2.7', `fedora/base@${big}`, '--json');
  const answer = JSON.parse(out) as Record<string, unknown> & { ranked: { name: string; share: number }[] };
  assert.deepEqual(answer.blob, {
    repository: 'fedora/base',
    digest: big,
    serial: 1,
    published: true,
    size: 10_000_000,
  });
  assert.equal(answer.states, 'assumed');
  assert.deepEqual(answer.ranked.map(({ name }) => name).toSorted(), ['berlin', 'bonn', 'paris']);
});

test('says when a blob is not sent to mirrors at all', async () => {
  assert.match(
    (await explain('192.0.2.7', `fedora/base@${small}`)).out,
    /has 100 bytes, so it is served in place/,
  );
  assert.match(
    (await explain('192.0.2.7', `debian/base@${big}`)).out,
    /no such blob: clients are answered 404/,
  );
});

test('goes by what the server last saw of the mirrors', async () => {
  using database = openDatabase(join(data, 'signpost.db'));
  const health = { since: 0, needs: 'probe', good: 0, flips: [] } as const;
  await createMirrorStates(createSqliteDatabase(database)).save(
    new Map([
      [1 as MirrorId, { ...health, healthy: false, reason: 'connection refused', serial: 1 }],
      [2 as MirrorId, { ...health, healthy: true, serial: 0 }],
      [3 as MirrorId, { ...health, healthy: true, serial: 1 }],
    ]),
  );
  const { out } = await explain('198.51.100.1', `fedora/base@${big}`);
  assert.doesNotMatch(out, /no server has probed/);
  assert.match(out, /^1 +paris +anywhere +\d+ km +100 % /m);
  assert.match(out, /^berlin +unhealthy +connection refused$/m);
  assert.match(out, /^bonn +behind +/m);
  const list = (await runCommand('mirror', 'list', '--data', data)).out;
  assert.match(list, /^berlin .* down: connection refused /m);
  assert.match(list, /^paris .* healthy, at 1 /m);
  assert.match(list, /^tokyo .* not probed yet /m);
});

test('bad input is refused with a message', async () => {
  const blob = `fedora/base@${big}`;
  const cases = [
    [['192.0.2.300', blob], /"192\.0\.2\.300" is not an IP address/],
    [['fe80::1%eth0', blob], /without a zone/],
    [['192.0.2.0/24', blob], /is not an IP address/],
    [['192.0.2.1', 'fedora/base'], /names no tag/],
    [['192.0.2.1', 'fedora/base:41', '--platform', 'linux//'], /is not a platform/],
    [['192.0.2.1', 'Fedora@sha256:00'], /is not a repository name/],
    [['192.0.2.1', 'fedora/base@sha256:00'], /is not a digest/],
    [['192.0.2.1'], /^signpost: missing required argument 'blob'\nSee "signpost explain --help"\.\n$/],
  ] as const;
  for (const [argv, message] of cases) {
    const { status, out, err } = await explain(...argv);
    assert.match(err, message);
    assert.deepEqual([status, out], [exitCodes.usage, '']);
  }
});

test('a wrong configuration of places is refused, naming the setting', async () => {
  const wrong = join(data, 'wrong.yaml');
  const cases = [
    [
      'overrides: [{ netblock: 192.0.2.1/24, country: DE }]',
      /places\.overrides\.0\.netblock: .*did you mean/,
    ],
    ['overrides: [{ netblock: 192.0.2.0/24 }]', /places\.overrides\.0: .*says nothing/],
    ['overrides: [{ netblock: 192.0.2.0/24, country: ZZ }]', /places\.overrides\.0\.country: "ZZ"/],
    ['countryDatabase: absent.mmdb', /the country database .*absent\.mmdb cannot be read/],
    ['asnDatabase: wrong.yaml', /the ASN database .*wrong\.yaml is not a MaxMind-format/],
  ] as const;
  for (const [places, message] of cases) {
    writeFileSync(wrong, `places: { ${places} }\n`);
    const { status, err } = await runCommand(
      'explain',
      '192.0.2.1',
      `a@${big}`,
      '--data',
      data,
      '--config',
      wrong,
    );
    assert.match(err, message);
    assert.equal(status, exitCodes.usage);
  }
});

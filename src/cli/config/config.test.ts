import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isSignpostError } from '../../oci/errors.ts';
import { loadConfig, parseConfig } from './config.ts';

function messageOf(yaml: string): string {
  try {
    parseConfig(yaml, 'signpost.yaml');
  } catch (error) {
    assert.ok(isSignpostError(error, 'CONFIG_INVALID'));
    return error.message;
  }
  assert.fail('the configuration was accepted');
}

test('an empty file gives every setting its default', () => {
  const config = parseConfig('', 'signpost.yaml');
  assert.equal(config.registry.inlineSize, 32 * 1024);
  assert.equal(config.mirrors.probeInterval, 2000);
  assert.deepEqual(config.repositories, []);
});

test('an unknown setting is refused by name and place', () => {
  assert.match(messageOf('registry:\n  nmae: x\n'), /registry: unknown setting "nmae"/);
  assert.match(messageOf('regsitry: {}\n'), /unknown setting "regsitry"/);
});

test('a wrong value is told with its path, itself and what was expected', () => {
  assert.match(
    messageOf('registry:\n  inlineSize: 3\n'),
    /registry\.inlineSize: "3": expected a size such as "32KiB"/,
  );
  assert.match(
    messageOf('mirrors:\n  probeTimeout: soon\n'),
    /mirrors\.probeTimeout: "soon": expected a time such as/,
  );
  assert.match(messageOf('registry:\n  listen:\n    - port: 70000\n'), /registry\.listen\.0\.port: "70000"/);
});

test('a database is named without a password, and its connection is verified or in the open', () => {
  const database = (url: string) => `database: "${url}"\n`;
  for (const url of [
    'postgres://signpost@db.example/signpost',
    'postgresql://signpost@db.example/signpost?sslmode=verify-full&sslrootcert=ca.pem',
    'postgres://signpost@db.example/signpost?sslmode=disable',
  ]) {
    assert.equal(parseConfig(database(url), 'signpost.yaml').database, url);
  }
  for (const url of [
    'mysql://signpost@db.example/signpost',
    'postgres://signpost:secret@db.example/signpost',
    'postgres://signpost:se/cret@db.example/signpost',
    'postgres://signpost@db.example/signpost?password=secret',
    ...['require', 'prefer', 'verify-ca', 'no-verify', ''].map(
      (mode) => `postgres://signpost@db.example/signpost?sslmode=${mode}`,
    ),
    'postgres://signpost@db.example/signpost?sslmode=verify-full&sslmode=no-verify',
    'postgres://signpost@db.example/signpost?ssl=no-verify',
  ]) {
    const message = messageOf(database(url));
    assert.match(message, /databasePasswordFile; and sslmode is "verify-full" or "disable"/);
    assert.doesNotMatch(message, /cret/);
  }
});

test('a missing value is told', () => {
  assert.match(messageOf('repositories:\n  - keys: [a.asc]\n'), /repositories\.0\.match: missing/);
});

test('a rule has keys for each format that it demands, and each format once', () => {
  const rule = (text: string) => `repositories:\n  - match: fedora/*\n    ${text}\n`;
  assert.match(messageOf(rule('threshold: 1')), /repositories\.0\.keys: .*demands the format "simple"/);
  assert.match(
    messageOf(rule('formats: [simple, sigstore]\n    keys: [a]')),
    /repositories\.0\.cosignKeys: .*demands the format "sigstore"/,
  );
  assert.match(messageOf(rule('formats: [cosign, cosign]\n    cosignKeys: [a]')), /each format once/);
  assert.match(messageOf(rule('formats: [pgp]\n    keys: [a]')), /repositories\.0\.formats\.0: "pgp"/);
  assert.deepEqual(parseConfig(rule('keys: [a]'), 'x').repositories[0]?.formats, ['simple']);
  assert.match(
    messageOf(rule('formats: [notation]')),
    /repositories\.0\.notationRoots: .*demands the format "notation"/,
  );
  const both = parseConfig(rule('formats: [cosign, sigstore]\n    cosignKeys: [a]'), 'x').repositories[0];
  assert.deepEqual(both?.cosignKeys, ['a']);
});

test('metadata is demanded beside signatures, and where there is something to verify it with', () => {
  const rule = (text: string) => `repositories:\n  - match: fedora/*\n    keys: [a]\n    ${text}\n`;
  const formats = 'formats: [simple, tuf, notary]';
  const missing = messageOf(rule(formats));
  assert.match(missing, /repositories\.0\.formats: .*expected "tuf\.root" to be configured/);
  assert.match(missing, /repositories\.0\.formats: .*expected "notary\.certificates" to be configured/);
  const rest = 'tuf: { root: r }\nnotary: { certificates: [c] }\n';
  assert.match(messageOf(rule('formats: [tuf]') + rest), /"notation" beside metadata/);
  assert.deepEqual(parseConfig(rule(formats) + rest, 'x').repositories[0]?.formats, [
    'simple',
    'tuf',
    'notary',
  ]);
});

test('what is served in place is never smaller than a signature', () => {
  assert.match(
    messageOf('registry:\n  inlineSize: 15KiB\n'),
    /registry\.inlineSize: "15KiB": .*at least "16KiB"/,
  );
  assert.equal(parseConfig('registry:\n  inlineSize: 16KiB\n', 'x').registry.inlineSize, 16 * 1024);
});

test('what is not YAML is told with its line', () => {
  assert.match(messageOf('registry: [\n'), /signpost\.yaml: .*line/s);
  assert.match(messageOf('data: /a\ndata: /b\n'), /unique/);
});

test('a document of many aliases is refused', () => {
  const bomb = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdef'.split('').map((key, index) => {
      const before = 'abcdef'[index];
      return `${key}: &${key} [${Array.from({ length: 9 }, () => `*${before}`).join(', ')}]`;
    }),
  ].join('\n');
  assert.throws(
    () => parseConfig(bomb, 'bomb.yaml'),
    (error) => isSignpostError(error, 'CONFIG_INVALID'),
  );
});

test('an alias that names what it stands in is refused', () => {
  assert.match(messageOf('registry: &a [*a]\n'), /signpost\.yaml: .*circular/s);
});

test('paths are relative to the file, and --data goes before it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-config-'));
  try {
    const file = join(folder, 'signpost.yaml');
    writeFileSync(file, 'data: here\nrepositories:\n  - match: a\n    keys: [keys/a.asc]\n');
    const config = loadConfig({ config: file }, {});
    assert.equal(config.data, join(folder, 'here'));
    assert.deepEqual(config.repositories[0]?.keys, [join(folder, 'keys/a.asc')]);
    assert.equal(loadConfig({ config: file, data: '/elsewhere' }, {}).data, '/elsewhere');
    assert.equal(loadConfig({}, { SIGNPOST_CONFIG: file, SIGNPOST_DATA: '/third' }).data, '/third');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the usual file is read where it exists, when no other is named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-config-'));
  try {
    const usual = join(folder, 'signpost.yaml');
    assert.equal(loadConfig({}, {}, usual).file, undefined);
    writeFileSync(usual, 'data: here\n');
    const { file, data } = loadConfig({}, {}, usual);
    assert.deepEqual([file, data], [usual, join(folder, 'here')]);
    const other = join(folder, 'other.yaml');
    writeFileSync(other, 'data: there\n');
    assert.equal(loadConfig({}, { SIGNPOST_CONFIG: other }, usual).data, join(folder, 'there'));
    assert.equal(loadConfig({ config: other }, {}, usual).file, other);
    // One that is there and cannot be read is not passed over.
    assert.throws(() => loadConfig({}, {}, folder), /cannot read the configuration: EISDIR/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that cannot be read is told', () => {
  assert.throws(
    () => loadConfig({ config: '/nowhere/signpost.yaml' }, {}),
    /cannot read the configuration: .*nowhere/,
  );
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { unarmor } from 'openpgp';
import { framePacket, packetTags, readPackets } from './packet-frames.ts';
import { type KeyFile, parsePublicKeys } from './public-keys.ts';
import { createSignatureReader } from './signature-reader.ts';

const folder = join(import.meta.dirname, '../../../test/vectors/openpgp-copies');
const july = { now: () => Date.UTC(2026, 6, 1) };
const gpgMissing = spawnSync('gpg', ['--version']).status === 0 ? false : 'gpg is not installed';

function file(name: string): KeyFile {
  return { name, bytes: readFileSync(join(folder, name)) };
}

async function judge(files: readonly KeyFile[], signature: string, clock = july): Promise<string> {
  const reader = await createSignatureReader(files);
  const evidence = reader.read(file(signature).bytes, clock.now());
  return evidence.kind === 'unusable-key' ? evidence.reason : evidence.kind;
}

/** Of everything that is published of one key: these files, whose signature, and what is right in July 2026. */
const cases: readonly (readonly [files: readonly string[], signature: string, expected: RegExp])[] = [
  [['extended-0.pgp'], 'extended.sig', /expired on 2026-04-01/],
  [['extended-0.pgp', 'extended-1.pgp'], 'extended.sig', /^signed$/],
  [['extended-0.pgp', 'extended-1.pgp', 'extended-2.pgp'], 'extended.sig', /^signed$/],
  [['extended-0.pgp', 'extended-2.pgp'], 'extended.sig', /^signed$/],
  [['shortened-0.asc'], 'shortened.sig', /^signed$/],
  [['shortened-0.asc', 'shortened-1.asc'], 'shortened.sig', /expired on 2026-02-1/],
  [['revoked-1.asc'], 'revoked-1.sig', /^signed$/],
  // A revocation of another key is none of this one.
  [['revoked-2.asc', 'revoked-1-certificate.asc'], 'revoked-2.sig', /^signed$/],
  ...['1', '2', '3'].flatMap((reason) => {
    const [key, after, certificate] = [
      `revoked-${reason}.asc`,
      `revoked-${reason}-after.pgp`,
      `revoked-${reason}-certificate.asc`,
    ];
    const signature = `revoked-${reason}.sig`;
    return [
      [[after], signature, /revoked on 2026-02-01/],
      [[key, after], signature, /revoked on 2026-02-01/],
      [[key, certificate], signature, /revoked on 2026-02-01/],
      [[key, certificate, 'extended-2.pgp'], signature, /revoked on 2026-02-01/],
    ] as const;
  }),
  [['users-0.pgp', 'users-1.pgp'], 'users.sig', /^signed$/],
  [['certified-0.pgp', 'certified-1.pgp'], 'certified.sig', /^signed$/],
  [['named-0.pgp', 'named-subkey.pgp', 'revoker.pgp'], 'named.sig', /^signed$/],
  [['named-0.pgp', 'named-1.pgp', 'revoker.pgp'], 'named.sig', /revoked on 2026-02-01.* by [0-9A-F]{40}$/],
];

function permutations<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((others) => [item, ...others]),
  );
}

async function toBinary({ name, bytes }: KeyFile): Promise<KeyFile> {
  if ((bytes[0] ?? 0) >= 0x80) return { name, bytes };
  const { data } = await unarmor(Buffer.from(bytes).toString('latin1'));
  return { name, bytes: data as Uint8Array };
}

test('copies of a key are merged, in several files or in one, in any order and as often as they like', async () => {
  let tried = 0;
  for (const [names, signature, expected] of cases) {
    for (const order of permutations(names)) {
      const files = order.map(file);
      const joined = Buffer.concat((await Promise.all(files.map(toBinary))).map(({ bytes }) => bytes));
      for (const given of [
        files,
        [...files, ...files],
        [{ name: 'joined', bytes: joined }],
        [{ name: 'twice', bytes: Buffer.concat([joined, joined]) }],
      ]) {
        assert.match(await judge(given, signature), expected, `${order.join(' ')} as ${given[0]?.name}`);
        tried += 1;
      }
    }
  }
  assert.ok(tried > 100);
});

test('gpg judges the same of all copies together', { skip: gpgMissing }, () => {
  const all = [...new Set(cases.flatMap(([names]) => names))].filter((name) => !name.includes('certificate'));
  // The last case of each signature has the most copies; a certificate alone needs its key before it.
  const whole = new Map(cases.map(([, signature, expected]) => [signature, expected]));
  const certificates = ['1', '2', '3'].map((reason) => `revoked-${reason}-certificate.asc`);
  for (const order of [[...all, ...certificates], all.toReversed()]) {
    const home = mkdtempSync(join(tmpdir(), 'signpost-copies-'));
    const gpg = (...given: readonly string[]) =>
      spawnSync('gpg', ['--homedir', home, '--batch', '--no-auto-check-trustdb', ...given]).stdout.toString();
    try {
      gpg('--import', ...order.map((name) => join(folder, name)));
      const at = ['--status-fd', '1', '--faked-system-time', '20260701T000000!'];
      for (const [signature, expected] of whole) {
        const said = gpg(...at, '--verify', join(folder, signature));
        assert.match(said, / (GOODSIG|REVKEYSIG|EXPKEYSIG) /);
        assert.equal(said.includes(' GOODSIG '), expected.test('signed'), `${signature}: ${said}`);
      }
    } finally {
      spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
      rmSync(home, { recursive: true, force: true });
    }
  }
});

test('a revocation holds before its own date and before the date of what was signed', async () => {
  const files = [file('revoked-3-certificate.asc'), file('revoked-3.asc')];
  const january = { now: () => Date.UTC(2026, 0, 3) };
  assert.match(await judge(files, 'revoked-3.sig', january), /revoked on 2026-02-01/);
});

test('a revocation by somebody else does not count, whoever it says it is by', async () => {
  const stranger = await toBinary(file('revoked-2-certificate.asc'));
  const [packet] = packetsOf(stranger.bytes);
  assert.ok(packet);
  const [other] = await parsePublicKeys([file('revoked-2.asc')]);
  const [own] = await parsePublicKeys([file('revoked-1.asc')]);
  assert.ok(own && other);
  const from = Buffer.from(other.fingerprint, 'hex');
  const to = Buffer.from(own.fingerprint, 'hex');
  const forged = Buffer.from(packet.body);
  for (const part of [from, from.subarray(-8)]) {
    const at = forged.indexOf(part);
    assert.ok(at >= 0);
    to.copy(forged, at, to.length - part.length);
  }
  const bytes = framePacket(packetTags.signature, forged);
  for (const files of [
    [file('revoked-1.asc'), { name: 'forged', bytes }],
    [{ name: 'joined', bytes: Buffer.concat([own.bytes, bytes]) }],
  ]) {
    assert.equal(await judge(files, 'revoked-1.sig'), 'signed');
  }
});

test('a revoker that the key names is believed also where its own key is missing', async () => {
  assert.match(await judge([file('named-1.pgp')], 'named.sig'), /seems to have been revoked.*[0-9A-F]{40}/);
});

test('what is written of merged keys says the same again', async () => {
  for (const [names, signature, expected] of cases) {
    const keys = await parsePublicKeys(names.map(file));
    const bytes = Buffer.concat(keys.map((key) => key.bytes));
    assert.match(await judge([{ name: 'written', bytes }], signature), expected, names.join(' '));
  }
});

test('a file that is damaged is refused by its name, and never read in part', async () => {
  const after = file('revoked-1-after.pgp').bytes;
  const key = readFileSync(join(folder, 'revoked-1.asc'), 'latin1');
  const certificate = readFileSync(join(folder, 'revoked-1-certificate.asc'), 'latin1');
  const [revocation] = packetsOf((await toBinary(file('revoked-1-certificate.asc'))).bytes);
  assert.ok(revocation);
  for (const [bytes, message] of [
    [after.subarray(0, -1), /cut off/],
    [Buffer.concat([after, Buffer.from('\n')]), /not a binary OpenPGP/],
    [Buffer.from(key + certificate.slice(0, -40)), /armoured block 2 does not end/],
    [Buffer.from(certificate.slice(0, -40) + key), /armoured block 1 does not end/],
    [Buffer.from(`${key}> ${certificate}`), /does not start on a line of its own/],
    [Buffer.concat([Buffer.from(key), after]), /something binary/],
    [file('switched-off.asc').bytes, /switched off by the colon/],
    [Buffer.concat([Buffer.from(key), file('switched-off.asc').bytes]), /switched off by the colon/],
    [file('revoked-1.sig').bytes, /tag 4, which is no part of a public key/],
    [framePacket(packetTags.signature, revocation.body.subarray(0, 12)), /revocation cannot be read/],
    [framePacket(packetTags.signature, Buffer.from([3, 5, 0x20, 0, 0, 0, 0])), /revocation cannot be read/],
  ] as const) {
    await assert.rejects(parsePublicKeys([file('extended-2.pgp'), { name: 'the-file', bytes }]), {
      code: 'CONFIG_INVALID',
      message: new RegExp(`^the-file.*${message.source}`),
    });
  }
  await assert.rejects(parsePublicKeys([file('revoked-1-certificate.asc')]), {
    code: 'CONFIG_INVALID',
    message: /revoked-1-certificate\.asc: .*no keys/,
  });
});

test('what others certify, and packets that nobody knows yet, are passed over', async () => {
  const marker = framePacket(packetTags.marker, Buffer.from('PGP'));
  const unknown = framePacket(60, Buffer.from('later'));
  const damaged = framePacket(packetTags.signature, Buffer.from([4, 0x10, 22, 8, 0]));
  const ancient = framePacket(packetTags.signature, Buffer.from([3, 5, 0x10, 0, 0, 0, 0]));
  const bytes = Buffer.concat([marker, file('certified-1.pgp').bytes, unknown, damaged, ancient]);
  assert.equal(await judge([{ name: 'more', bytes }], 'certified.sig'), 'signed');
  const bom = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), file('shortened-0.asc').bytes]);
  assert.equal(await judge([{ name: 'bom', bytes: bom }], 'shortened.sig'), 'signed');
});

function packetsOf(bytes: Uint8Array) {
  const packets = readPackets(bytes, 100, 'many');
  assert.ok(!('wrong' in packets));
  return packets;
}

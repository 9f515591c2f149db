import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSignpostError } from '../oci/errors.ts';
import { formatNetblock, parseNetblock } from '../net/netblock.ts';
import { type MirrorInput, changeMirror, parseMirror } from './parse-mirror.ts';

const plain: MirrorInput = {
  name: 'uni-example',
  urls: ['https://mirror.example.org/images'],
  country: 'DE',
};
const none = { mirrors: [], webhooks: [] };
const parse = (changes: Partial<MirrorInput>, allowed: readonly string[] = []) =>
  parseMirror({ ...plain, ...changes }, { mirrors: allowed.map(parseNetblock), webhooks: [] });

test('what is left out has its default', () => {
  assert.deepEqual(parse({}), {
    name: 'uni-example',
    kind: 'public',
    urls: ['https://mirror.example.org/images'],
    country: 'DE',
    asns: [],
    netblocks: [],
    weight: 100,
    repositories: [],
    onlyCountries: [],
    exceptCountries: [],
    enabled: true,
    approved: true,
  });
});

test('everything is brought into one form, each item once', () => {
  const mirror = parse({
    urls: ['HTTPS://Mirror.Example.org:443/a//b/../images///', 'http://b.example/', 'http://b.example'],
    site: 'Universität Beispiel',
    contact: 'mirrors@uni.example',
    webhook: 'https://uni.example/hooks?token=t',
    country: 'fr',
    coordinates: '-33.5, +151.25',
    asns: ['680', 'AS680', 'as4294967294'],
    netblocks: ['192.0.2.0/24', '::ffff:192.0.2.0/120', '2001:DB8::/32'],
    weight: '1000000',
    kind: 'private',
    exceptCountries: ['aq'],
    repositories: ['fedora/base', 'debian/*', 'fedora/base'],
    onlyCountries: ['de', 'DE', 'FR'],
  });
  assert.deepEqual(mirror.urls, ['https://mirror.example.org/a//images', 'http://b.example']);
  assert.deepEqual(
    [mirror.kind, mirror.site, mirror.contact, mirror.webhook, mirror.exceptCountries],
    ['private', 'Universität Beispiel', 'mirrors@uni.example', 'https://uni.example/hooks?token=t', ['AQ']],
  );
  assert.equal(mirror.country, 'FR');
  assert.deepEqual(mirror.coordinates, { latitude: -33.5, longitude: 151.25 });
  assert.deepEqual(mirror.asns, [680, 4_294_967_294]);
  assert.deepEqual(mirror.netblocks.map(formatNetblock), ['192.0.2.0/24', '2001:db8::/32']);
  assert.equal(mirror.weight, 1_000_000);
  assert.deepEqual(mirror.repositories, ['fedora/base', 'debian/*']);
  assert.deepEqual(mirror.onlyCountries, ['DE', 'FR']);
});

test('bad values are refused, and the message quotes them', () => {
  const bad: Readonly<Record<keyof MirrorInput, readonly unknown[]>> = {
    name: ['', 'Uni', '-uni', 'uni-', 'a b', 'a/b', 'a'.repeat(64), 'ü', 'uni\n'],
    urls: [
      [],
      Array.from({ length: 9 }, (_, n) => `https://m${n}.example`),
      [''],
      ['mirror.example.org'],
      ['ftp://mirror.example.org'],
      ['file:///etc'],
      ['//mirror.example.org'],
      ['https:/a.example'],

      ['https://'],
      ['https://a b.example'],
      ['https://a.example/x y'],
      [' https://a.example'],
      ['https://a.example\n'],
      ['https://a.example:99999'],
      ['https://a.example:0'],
      ['https://a.example\\x'],
      ['https://a.example/\0'],

      ['https://user@a.example'],
      ['https://user:secret@a.example'],
      ['https://a.example?x'],
      ['https://a.example/#x'],

      ['https://a.example/?'],
      [`https://a.example/${'a'.repeat(1024)}`],
      ['javascript:alert(1)'],
      ['https://[::1%25eth0]'],
    ],
    country: ['', 'D', 'DEU', 'ZZ', 'EU', 'Germany', 'ßß'],
    coordinates: [
      '1',
      '1,2,3',
      '91,0',
      '0,181',
      'north,east',
      '1;2',
      '1e1,0',
      'Infinity,0',
      ',',
      '--1,0',
      '1,0x1',
    ],
    asns: [
      ['0'],
      ['23456'],
      ['65535'],
      ['4294967295'],
      ['-1'],
      ['4294967296'],
      ['AS'],
      ['1.5'],
      [''],
      ['01'],
      ['ASAS1'],
      Array.from({ length: 65 }, (_, n) => `${n + 1}`),
    ],
    netblocks: [
      ['192.0.2.1/24'],
      ['0.0.0.0/0'],
      ['::/0'],
      ['::ffff:0:0/96'],
      ['192.0.2.1'],
      [''],
      ['0.0.0.0/1'],
      ['128.0.0.0/7'],
      ['2000::/3'],
      ['2000::/15'],
      ['192.0.2.0/24', '192.0.2.128/25'],
    ],
    weight: ['0', '-1', '1000001', '1.5', '', 'ten', '1e3', '0100', ' 1'],
    kind: ['private', 'Public', '', 'cdn'],
    site: [' x', 'x\ny', 'a'.repeat(101), '\u202ex'],
    contact: [
      'nobody',
      'a b@uni.example',
      'javascript:alert(1)',
      'a@b@c',
      'https://me:x@uni.example',
      'a@b\n',
    ],
    webhook: [
      'ftp://uni.example',
      'https://me:x@uni.example',
      'https://uni.example/#x',
      'https://127.0.0.1/x',
      'x',
    ],
    repositories: [
      ['Fedora'],
      ['*'],
      ['/*'],
      ['fedora*'],
      ['fedora/**'],
      ['../etc'],
      ['fedora/*/base'],
      [''],
      ['a'.repeat(201)],
    ],
    onlyCountries: [['ZZ'], [''], ['DE', 'XX']],
    exceptCountries: [['ZZ'], ['']],
  };
  for (const [key, values] of Object.entries(bad)) {
    for (const value of values) {
      assert.throws(
        () => parse({ [key]: value }),
        (error) => isSignpostError(error, 'USAGE') && error.message.length > 20,
        `${key} ${JSON.stringify(value)}`,
      );
    }
  }
  assert.throws(
    () => parse({ urls: ['ftp://mirror.example.org'] }),
    /"ftp:\/\/mirror\.example\.org".*https:\/\//,
  );
  assert.throws(() => parse({ kind: 'private' }), /--netblock/);
  assert.throws(() => parse({ onlyCountries: ['DE'], exceptCountries: ['DE'] }), /both/);
});

test('addresses that lead inside are refused in every spelling, unless the operator allows them', () => {
  const inside = {
    'https://127.0.0.1:8080': 'loopback',
    'http://127.1': 'loopback',
    'http://localhost:80': 'loopback',
    'http://LOCALHOST.': 'loopback',
    'https://mirror.localhost': 'loopback',
    'http://0x7f000001': 'loopback',
    'http://2130706433/': 'loopback',
    'http://017700000001': 'loopback',
    'http://１２７.0.0.1': 'loopback',
    'https://[::1]': 'loopback',
    'https://[::ffff:127.0.0.1]': 'loopback',
    'https://[::ffff:7f00:1]': 'loopback',
    'https://[64:ff9b::7f00:1]': 'reserved',
    'http://169.254.169.254/latest': 'metadata',
    'http://169.254.1.1': 'link-local',
    'https://10.0.0.1': 'private',
    'https://192.168.1.1': 'private',
    'https://[fd00::1]': 'private',
    'https://[fe80::1]': 'link-local',
    'http://0.0.0.0': 'reserved',
  };
  for (const [url, kind] of Object.entries(inside)) {
    assert.throws(
      () => parse({ urls: [url] }),
      new RegExp(`is a ${kind} address.*mirrors\\.allowAddresses`),
      url,
    );
  }
  assert.equal(parse({ urls: ['http://127.1:8080/'] }, ['127.0.0.0/8']).urls[0], 'http://127.0.0.1:8080');
  assert.throws(() => parse({ urls: ['http://10.0.0.1'] }, ['127.0.0.0/8']), /private/);
  assert.equal(parse({ urls: ['https://9.9.9.9'] }).urls[0], 'https://9.9.9.9');
});

test('a webhook may lead to what is allowed for webhooks, and a mirror to what is allowed for mirrors', () => {
  const allowed = { mirrors: [parseNetblock('10.0.0.0/8')], webhooks: [parseNetblock('127.0.0.0/8')] };
  const both = parseMirror(
    { ...plain, urls: ['https://10.0.0.1'], webhook: 'http://127.0.0.1/hook' },
    allowed,
  );
  assert.deepEqual([both.urls[0], both.webhook], ['https://10.0.0.1', 'http://127.0.0.1/hook']);
  const swapped = { mirrors: allowed.webhooks, webhooks: allowed.mirrors };
  assert.throws(() => changeMirror(both, { urls: both.urls }, swapped), /mirrors\.allowAddresses/);
  assert.throws(() => changeMirror(both, { webhook: both.webhook }, swapped), /webhooks\.allowAddresses/);
});

test('a change touches only what it names', () => {
  const mirror = parse({ coordinates: '1,2', asns: ['680'], netblocks: ['192.0.2.0/24'], kind: 'private' });
  const change = (changes: Partial<MirrorInput>) =>
    changeMirror({ ...mirror, enabled: false }, changes, none);
  assert.deepEqual(change({ weight: '7' }), { ...mirror, enabled: false, weight: 7 });
  assert.deepEqual(change({ asns: [] }).asns, []);
  assert.equal('coordinates' in change({ coordinates: '' }), false);
  assert.equal(change({ site: 'Example' }).site, 'Example');
  assert.equal('site' in changeMirror({ ...mirror, site: 'Example' }, { site: '' }, none), false);
  assert.throws(() => change({ netblocks: [] }), /--netblock/);
  assert.deepEqual(change({ netblocks: [], kind: 'public' }).netblocks, []);
});

test('an address that was allowed once stays when something else changes', () => {
  const mirror = parse({ urls: ['https://127.0.0.1'] }, ['127.0.0.0/8']);
  assert.equal(changeMirror(mirror, { weight: '2' }, none).urls[0], 'https://127.0.0.1');
  assert.throws(() => changeMirror(mirror, { urls: ['https://127.0.0.2'] }, none), /loopback/);
});

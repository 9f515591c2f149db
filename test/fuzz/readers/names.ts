import { parseEntryName, parseLink } from '../../../src/adapters/source/archive/entry-name.ts';
import { parseChallenges } from '../../../src/adapters/source/registry/challenge.ts';
import { parsePkcs11Uri } from '../../../src/cli/keys/pkcs11-uri.ts';
import { readIpAddress } from '../../../src/net/address.ts';
import { createOriginFinder } from '../../../src/net/client-address.ts';
import { parseContentPath } from '../../../src/tree/content-path.ts';
import { parseNetblock } from '../../../src/net/netblock.ts';
import { parseAsn, parseMirrorNetblock } from '../../../src/mirrors/parse-mirror-networks.ts';
import { parseMirrorUrl } from '../../../src/mirrors/parse-mirror-url.ts';
import { parseImageSource } from '../../../src/oci/image-source-name.ts';
import { parsePlatform } from '../../../src/oci/platform.ts';
import { parseRange } from '../../../src/oci/range.ts';
import {
  parseDigestReference,
  parseRegistryHost,
  parseRepositoryName,
  parseTagName,
  parseTaggedReference,
} from '../../../src/oci/reference.ts';
import { parseRequestPath } from '../../../src/server/pull/request-path.ts';
import { parseGlob } from '../../../src/trust/glob.ts';
import { findMetadataPath, tufPath } from '../../../src/trust/metadata-path.ts';
import { judgeError } from '../judge-error.ts';
import { textReader } from '../reader.ts';

const hex = '0123456789abcdef'.repeat(4);
const digest = `sha256:${hex}`;
const allowed = { mirrors: [] };
const finder = createOriginFinder([parseNetblock('10.0.0.0/8'), parseNetblock('2001:db8::/32')]);
const proxy = finder.peerOf('10.0.0.1');

/** Each half of a text goes to one parser: `a\nb`. */
const halves = (text: string): readonly [string, string] => {
  const at = text.indexOf('\n');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

/** Names, paths and headers. */
export const nameReaders = [
  textReader(
    'request-path',
    [
      '/v2/',
      `/v2/fedora/base/blobs/${digest}`,
      `/v2/fedora/base/manifests/41`,
      `/v2/fedora/base/referrers/${digest}?artifactType=application/x`,
      '/v2/fedora/base/tags/list?n=10&last=41',
      `/extensions/v2/fedora/base/signatures/${digest}`,
      `/signatures/fedora/base@sha256=${hex}/signature-1`,
      '/tuf/7.repository~fedora~base.json',
      '/v2/images.example.org/fedora/base/_trust/tuf/root.json',
      `/v2/fedora/base/blobs/${digest}?trace`,
    ],
    parseRequestPath,
  ),
  textReader('range', ['bytes=0-99', 'bytes=5-', 'bytes=-7'], (text) => {
    for (const size of [0, 1, 100, 2 ** 40]) parseRange(text, size);
  }),
  textReader(
    'reference',
    ['fedora/base', 'fedora/base:41', `fedora/base@${digest}`, 'localhost:5000'],
    (text) => {
      for (const parse of [
        parseRepositoryName,
        parseTagName,
        parseRegistryHost,
        parseTaggedReference,
        parseDigestReference,
      ]) {
        attempt(() => parse(text));
      }
    },
  ),
  textReader(
    'image-source',
    ['docker://images.example.org/fedora/base:41', 'oci:folder:41', 'docker-archive:file.tar:base:41'],
    parseImageSource,
  ),
  textReader('platform', ['linux/amd64', 'linux/arm/v7', 'windows/amd64'], parsePlatform),
  textReader('netblock', ['192.0.2.0/24', '2001:db8::/32', '::ffff:192.0.2.0/120'], (text) => {
    attempt(() => parseNetblock(text));
    attempt(() => parseMirrorNetblock(text));
    readIpAddress(text);
  }),
  textReader('asn', ['AS64496', '64496'], parseAsn),
  textReader(
    'forwarded-for',
    ['192.0.2.1, 10.0.0.2', '[2001:db8::1]:1234, 10.1.2.3:80', '2001:db8::5'],
    (forwardedFor) => finder.find(proxy, { encrypted: false, forwardedFor, forwardedProto: forwardedFor }),
  ),
  textReader('mirror-url', ['https://mirror.example.org/tree/', 'http://mirror.example.org:8080/a'], (text) =>
    parseMirrorUrl(text, allowed),
  ),
  textReader(
    'challenge',
    [
      'Bearer realm="https://auth.example.org/token",service="x",scope="repository:a:pull"',
      'Basic realm="a\\"b"',
    ],
    parseChallenges,
  ),
  textReader('glob', ['fedora/*', '**', 'a?c/**/d', '*a*a*a*a*\naaaaaaaaaaaaaaaab'], (text) => {
    const [pattern, subject] = halves(text);
    return parseGlob(pattern)(subject.slice(0, 4096));
  }),
  textReader('content-path', [`v2/fedora/base/blobs/${digest}`, 'tuf/1.root.json'], parseContentPath),
  textReader('metadata-path', ['7.snapshot.json', 'images.example.org/a/_trust/tuf/root.json'], (text) => {
    findMetadataPath('tuf', text);
    findMetadataPath('notary', text);
    attempt(() => tufPath(text));
  }),
  textReader('entry-name', [`blobs/sha256/${hex}`, `./${hex}/layer.tar\n../${hex}/layer.tar`], (text) => {
    const [name, target] = halves(text);
    parseEntryName(name);
    attempt(() => parseLink(name, target, false));
    attempt(() => parseLink(name, target, true));
  }),
  textReader('pkcs11-uri', ['pkcs11:token=ann;id=%01%02?module-path=/usr/lib/x.so'], parsePkcs11Uri),
];

/** What a parser throws is judged where it is thrown last: the ones before it are let go on only if that was expected. */
function attempt(parse: () => unknown): void {
  try {
    parse();
  } catch (error) {
    if (judgeError(error) !== undefined) throw error;
  }
}

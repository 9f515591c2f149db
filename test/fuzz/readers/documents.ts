import { allAtOnce } from '../../../src/net/pieces.ts';
import { chooseLayoutRoot } from '../../../src/adapters/source/layout/layout-root.ts';
import { parseSignatureList } from '../../../src/adapters/source/registry/signature-list.ts';
import { newMirrorSchema } from '../../../src/server/admin/schemas/mirror.ts';
import { mirrorInput } from '../../../src/server/admin/mirror-input.ts';
import { parseConfig } from '../../../src/cli/config/config.ts';
import { parseContentsPart } from '../../../src/server/front-end/contents-part.ts';
import { parseRepositoryPart } from '../../../src/server/front-end/repository-part.ts';
import { parseContentsIndex } from '../../../src/tree/contents-index.ts';
import { parseContentLine } from '../../../src/tree/contents-list.ts';
import { parsePublicationMarker } from '../../../src/tree/publication-marker.ts';
import { parseMirror } from '../../../src/mirrors/parse-mirror.ts';
import { quote } from '../../../src/oci/digest.ts';
import { type ImageManifest, parseListEntries, parseManifest } from '../../../src/oci/manifest.ts';
import { mediaTypes } from '../../../src/oci/media-types.ts';
import { parseDiffIds, parseImageConfig } from '../../../src/oci/image-config.ts';
import { parseJson } from '../../../src/oci/parse-json.ts';
import { parseRepositoryName } from '../../../src/oci/reference.ts';
import { canonicalJson, foreignCanonicalJson } from '../../../src/trust/canonical-json.ts';
import { parseStrictJson } from '../../../src/trust/strict-json.ts';
import { buildFourPlatforms, buildImage } from '../../fakes/image-builder.ts';
import { judgeError } from '../judge-error.ts';
import { type FuzzReader, textReader } from '../reader.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
const list = buildFourPlatforms();
const image = buildImage();
const parsedImage = parseManifest(image.manifest) as ImageManifest;
const settingsLimit = 32 * 1024;
const repository = parseRepositoryName('fedora/base');
const data = Buffer.from('{"architecture":"amd64","os":"linux"}');
const withData = JSON.stringify({
  schemaVersion: 2,
  config: { mediaType: mediaTypes.ociConfig, digest, size: data.length, data: null },
  layers: [{ mediaType: mediaTypes.ociLayerGzip, digest, size: 1, urls: [], annotations: { a: 'b' } }],
  subject: {
    mediaType: mediaTypes.ociManifest,
    digest,
    size: 7,
    platform: { os: 'linux', architecture: 'arm' },
  },
  artifactType: 'application/x',
});
const index = JSON.stringify({
  schemaVersion: 2,
  manifests: [
    {
      mediaType: mediaTypes.ociIndex,
      digest,
      size: 9,
      annotations: { 'org.opencontainers.image.ref.name': '41' },
    },
  ],
});
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  rootfs: { type: 'layers', diff_ids: [digest] },
  history: [{ created_by: 'x' }],
});

/** JSON, YAML and lines that registries, mirrors, origins and operators' colleagues hand over. */
export const documentReaders: readonly FuzzReader[] = [
  {
    name: 'json',
    seeds: ['{"a":[1,25,null,true,{"b":"c"}]}', '[]', '"text"'],
    read(bytes) {
      const value = parseJson(bytes, 'it', 'SOURCE_INVALID');
      quote(value);
      parseStrictJson(bytes, 'it', { depth: 64 });
      foreignCanonicalJson(value);
      canonicalJson(value);
    },
  },
  {
    name: 'manifest',
    seeds: [list.manifest, image.manifest, withData],
    read: (bytes) => parseManifest(bytes),
  },
  {
    name: 'layout-index',
    seeds: [index, list.manifest],
    read: (bytes) =>
      chooseLayoutRoot(
        parseListEntries(bytes, mediaTypes.ociIndex),
        {},
        () => Promise.resolve({ os: 'linux', architecture: 'amd64' }),
        'folder',
      ),
  },
  {
    name: 'image-config',
    seeds: [config],
    read(bytes) {
      parseDiffIds(bytes);
      return parseImageConfig(parsedImage, bytes);
    },
  },
  {
    name: 'marker',
    seeds: [JSON.stringify({ serial: 7, contents: { digest, size: 9 } })],
    read: parsePublicationMarker,
  },
  {
    name: 'contents-index',
    seeds: [`signpost-index 1 7\nmetadata ${digest} 9\nrepository fedora/base 7 ${digest} 9\n`],
    read: parseContentsIndex,
  },
  textReader('contents-list', [`v2/fedora/base/blobs/${digest} 9 ${digest}`, `blob ${digest} 9`], (text) => {
    for (const line of text.split('\n').slice(0, 100))
      ignoreExpected(() => parseContentLine(line, repository));
  }),
  {
    name: 'signature-list',
    seeds: [
      JSON.stringify({ signatures: [{ schemaVersion: 2, type: 'atomic', name: 'x', content: 'YWJj' }] }),
    ],
    read: parseSignatureList,
  },
  {
    name: 'front-end-parts',
    seeds: [
      JSON.stringify({
        tags: [['41', digest, 1, 2]],
        manifests: [[digest, 'a/b', 1, null, null, { a: 'b' }]],
        blobs: [[digest, 1, 2]],
      }),
      JSON.stringify({ 'fedora/base': { digest, size: 9, serial: 7 } }),
    ],
    read(bytes) {
      ignoreExpected(() => allAtOnce(parseContentsPart(bytes)));
      ignoreExpected(() => parseRepositoryPart(repository, bytes));
    },
  },
  {
    name: 'mirror-body',
    seeds: [
      JSON.stringify({
        name: 'uni',
        urls: ['https://mirror.example.org/'],
        country: 'de',
        coordinates: { latitude: 52.5, longitude: 13.4 },
        asns: [64496],
        netblocks: ['192.0.2.0/24'],
        weight: 10,
      }),
    ],
    read(bytes) {
      const { success, data: body } = newMirrorSchema.safeParse(
        parseJson(bytes, 'the body', 'REQUEST_INVALID'),
      );
      if (!success) return;
      const { name, urls, country } = body;
      parseMirror({ ...mirrorInput(body), name, urls, country }, { mirrors: [], webhooks: [] });
    },
  },
  textReader(
    'settings',
    [
      'data: /srv/x\nregistry: { name: images.example.org }\n',
      '{"data":"/srv","registry":{"name":"a.example"}}',
      'a: &x [1]\nb: *x\n',
    ],
    // The parser's time grows with the square of what is wrong: a person waits for it, and nobody sends such a file.
    (text) => ignoreExpected(() => parseConfig(text.slice(0, settingsLimit), 'signpost.yaml')),
  ),
];

/** Of several readers of one input, the first must not keep the next from reading. */
function ignoreExpected(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (judgeError(error) !== undefined) throw error;
  }
}

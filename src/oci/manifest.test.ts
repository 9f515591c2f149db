import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from './digest.ts';
import { type ErrorCode, SignpostError } from './errors.ts';
import { artifactTypeOf, blobsOf, manifestLimit, parseListEntries, parseManifest } from './manifest.ts';
import { mediaTypes } from './media-types.ts';

const digest = (character: string) => `sha256:${character.repeat(64)}`;
const config = { mediaType: mediaTypes.ociConfig, digest: digest('c'), size: 2 };
const layer = { mediaType: mediaTypes.ociLayerGzip, digest: digest('a'), size: 10 };
const image = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer, layer] };
const entry = {
  mediaType: mediaTypes.ociManifest,
  digest: digest('d'),
  size: 99,
  platform: { os: 'linux', architecture: 'amd64' },
};
const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [entry] };
const bytes = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));

function refusal(value: unknown, expected?: string): { code: ErrorCode; message: string } {
  try {
    parseManifest(bytes(value), expected);
  } catch (error) {
    assert.ok(error instanceof SignpostError, String(error));
    return error;
  }
  assert.fail('it was accepted');
}

test('an image manifest and a list are told apart, of both families', () => {
  assert.equal(parseManifest(bytes(image)).kind, 'image');
  assert.equal(parseManifest(bytes(list)).kind, 'list');
  assert.equal(parseManifest(bytes({ ...image, mediaType: mediaTypes.dockerManifest })).kind, 'image');
  assert.equal(parseManifest(bytes({ ...list, mediaType: mediaTypes.dockerList })).kind, 'list');
});

test('OCI without mediaType takes the announced type, or its shape', () => {
  const { mediaType: _image, ...bareImage } = image;
  const { mediaType: _list, ...bareList } = list;
  assert.equal(parseManifest(bytes(bareImage)).mediaType, mediaTypes.ociManifest);
  assert.equal(parseManifest(bytes(bareList), mediaTypes.ociIndex).mediaType, mediaTypes.ociIndex);
  assert.equal(parseManifest(bytes(bareList)).mediaType, mediaTypes.ociIndex);
});

test('each blob is named once, the config first', () => {
  const parsed = parseManifest(bytes(image));
  assert.ok(parsed.kind === 'image');
  assert.deepEqual(
    blobsOf(parsed).map((blob) => blob.digest),
    [digest('c'), digest('a')],
  );
});

test('the type of an artifact is its own, or its config’s', () => {
  assert.equal(artifactTypeOf(parseManifest(bytes(image))), mediaTypes.ociConfig);
  assert.equal(
    artifactTypeOf(parseManifest(bytes({ ...image, artifactType: 'application/x' }))),
    'application/x',
  );
  assert.equal(artifactTypeOf(parseManifest(bytes(list))), undefined);
});

test('what is not a manifest is refused with the reason', () => {
  const rows: readonly [unknown, RegExp][] = [
    ['', /not JSON/],
    ['{', /not JSON/],
    ['\u{feff}{}', /not JSON/],
    ['[]', /expected an object/],
    ['null', /expected an object/],
    [{ ...image, schemaVersion: 1 }, /schema 1/],
    [{ ...image, schemaVersion: '2' }, /schemaVersion is "2"/],
    [{ ...image, mediaType: 'text/plain' }, /media type is "text\/plain"/],
    [{ ...image, mediaType: 7 }, /media type is "7"/],
    [{ ...image, manifests: [] }, /both "manifests" and "layers"/],
    [{ ...list, layers: [] }, /both "manifests" and "layers"/],
    [{ ...image, layers: undefined }, /layers is missing: expected a list/],
    [{ ...image, layers: [{ ...layer, digest: 'sha256:zz' }] }, /layers\[0\]\.digest is "sha256:zz"/],
    [{ ...image, layers: [{ ...layer, size: -1 }] }, /layers\[0\]\.size is "-1"/],
    [{ ...image, layers: [{ ...layer, size: 1.5 }] }, /layers\[0\]\.size/],
    [{ ...image, layers: [{ ...layer, mediaType: '' }] }, /layers\[0\]\.mediaType/],
    [{ ...image, layers: [{ ...layer, urls: 'http://a' }] }, /layers\[0\]\.urls/],
    [{ ...image, config: undefined }, /config is/],
    [{ ...image, annotations: { a: 1 } }, /annotations/],
    [{ ...list, manifests: {} }, /manifests is/],
    [{ ...list, manifests: [{ ...entry, platform: 'linux' }] }, /platform is "linux"/],
    [{ ...list, subject: 'x' }, /subject is "x"/],
  ];
  for (const [value, message] of rows) {
    const { code, message: said } = refusal(value);
    assert.equal(code, 'MANIFEST_INVALID', said);
    assert.match(said, message);
  }
});

test('"data" of a descriptor is the content that it describes, wherever descriptors are', () => {
  const content = Buffer.from('{"os":"linux"}');
  const described = { mediaType: 'application/json', digest: digestOf(content), size: content.length };
  const withData = (data: unknown) => {
    const descriptor = { ...described, data };
    return [
      { ...image, config: descriptor },
      { ...image, layers: [layer, descriptor] },
      { ...image, subject: descriptor },
      { ...list, manifests: [entry, descriptor] },
      { ...list, subject: descriptor },
    ];
  };
  for (const absent of [undefined, null, content.toString('base64')]) {
    for (const manifest of withData(absent)) assert.doesNotThrow(() => parseManifest(bytes(manifest)));
  }
  const other = Buffer.from(content).fill('x', 2, 4);
  for (const wrong of [
    other.toString('base64'),
    content.subarray(1).toString('base64'),
    Buffer.concat([content, content]).toString('base64'),
    '',
    content.toString('base64url').replace(/=*$/, ''),
    ` ${content.toString('base64')}`,
    content.toString('utf8'),
    7,
    [],
    { 0: 'x' },
  ]) {
    for (const manifest of withData(wrong)) {
      const { code, message } = refusal(manifest);
      assert.equal(code, 'MANIFEST_INVALID');
      assert.match(message, /data is/);
    }
  }
});

test('null is nothing, and so is a platform that says nothing', () => {
  const nothing = { annotations: null, urls: null, platform: null, data: null, artifactType: null };
  const same = (left: unknown, right: unknown) =>
    assert.deepEqual(parseManifest(bytes(left)), parseManifest(bytes(right)));
  same({ ...image, subject: null, manifests: null, annotations: null, artifactType: null }, image);
  same({ ...image, mediaType: null }, image);
  same({ ...image, config: { ...config, ...nothing }, layers: [{ ...layer, ...nothing }, layer] }, image);
  same({ ...list, subject: null, layers: null, config: null, annotations: null }, list);
  same({ ...list, annotations: { a: null, b: 'b' } }, { ...list, annotations: { b: 'b' } });
  const { platform: _, ...bare } = entry;
  for (const platform of [
    null,
    {},
    { os: 'linux' },
    { os: '', architecture: '' },
    { os: null, architecture: 'x' },
  ]) {
    same({ ...list, manifests: [{ ...entry, platform }] }, { ...list, manifests: [bare] });
  }
  same(
    {
      ...list,
      manifests: [
        { ...entry, platform: { ...entry.platform, variant: null, 'os.version': '', 'os.features': null } },
      ],
    },
    list,
  );
});

test('null where something is required is missing', () => {
  for (const [value, message] of [
    [{ ...image, layers: null }, /layers is missing/],
    [{ ...image, config: null }, /config is missing/],
    [{ ...image, schemaVersion: null }, /schemaVersion is missing/],
    [{ ...list, manifests: null }, /manifests is missing/],
    [{ ...list, manifests: [null] }, /manifests\[0\] is "null"/],
    [{ ...list, manifests: [{ ...entry, digest: null }] }, /manifests\[0\]\.digest is missing/],
    [{ ...image, layers: [{ ...layer, size: null }] }, /layers\[0\]\.size is missing/],
  ] as const) {
    assert.match(refusal(value).message, message);
  }
});

test('a platform keeps all that tells it from others', () => {
  const platform = {
    os: 'windows',
    architecture: 'amd64',
    variant: 'v1',
    'os.version': '10.0',
    'os.features': ['win32k'],
  };
  const parsed = parseManifest(bytes({ ...list, manifests: [{ ...entry, platform }] }));
  assert.ok(parsed.kind === 'list');
  assert.deepEqual(parsed.manifests[0]?.platform, {
    os: 'windows',
    architecture: 'amd64',
    variant: 'v1',
    osVersion: '10.0',
    osFeatures: ['win32k'],
  });
});

test('a config of any type is taken, and one of none has no artifact type', () => {
  for (const mediaType of ['application/octet-stream', 'text/html', '', null]) {
    const parsed = parseManifest(bytes({ ...image, config: { ...config, mediaType } }));
    assert.ok(parsed.kind === 'image');
    assert.equal(parsed.config.mediaType, mediaType ?? '');
    assert.equal(artifactTypeOf(parsed), mediaType === '' ? undefined : (mediaType ?? undefined));
  }
});

test('a list that is chosen from tells apart what cannot be chosen', () => {
  const others = [
    { ...entry, digest: `sha512:${'a'.repeat(128)}` },
    { ...entry, mediaType: 'application/xml' },
    { ...entry, mediaType: undefined },
  ];
  const { entries, passed } = parseListEntries(
    bytes({ ...list, manifests: [others[0], entry, ...others.slice(1)] }),
  );
  assert.deepEqual(
    entries.map(({ descriptor }) => descriptor.digest),
    [entry.digest],
  );
  assert.equal(passed.length, 3);
  assert.deepEqual(parseListEntries(bytes({ ...list, manifests: null })).entries, []);
  for (const broken of [
    { ...entry, digest: 'sha256:zz' },
    { ...entry, digest: '../../x' },
    { ...entry, size: -1 },
    null,
  ]) {
    assert.throws(() => parseListEntries(bytes({ ...list, manifests: [entry, broken] })), /manifests\[1\]/);
  }
  assert.throws(() => parseListEntries(bytes(image)), /expected a list/);
});

test('a manifest that was announced as something else is refused', () => {
  assert.match(refusal(image, mediaTypes.ociIndex).message, /was announced as/);
});

test('more than 4 MiB is refused before it is read', () => {
  assert.equal(refusal(' '.repeat(manifestLimit + 1)).code, 'LIMIT_EXCEEDED');
  assert.equal(refusal(' '.repeat(manifestLimit)).code, 'MANIFEST_INVALID');
});

test('bytes that are not UTF-8 are refused', () => {
  assert.throws(() => parseManifest(Uint8Array.of(0x22, 0xff, 0x22)), /UTF-8/);
});

test('any JSON is read or refused, and nothing else is thrown', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (value, inner) => {
      for (const candidate of [
        value,
        { ...image, layers: inner },
        { ...list, manifests: inner },
        { ...image, config: inner },
      ]) {
        try {
          parseManifest(bytes(JSON.stringify(candidate)));
        } catch (error) {
          assert.ok(error instanceof SignpostError);
        }
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { buildList, buildVariant } from '../../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../../test/fakes/memory-image-source.ts';
import { createPublishWorld } from '../../../test/fakes/publish-world.ts';
import { buildTarOfFiles } from '../../../test/fakes/tar-builder.ts';
import { digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseTaggedReference } from '../../oci/reference.ts';
import { publishImage } from './publish-image.ts';
import { defaultLimits } from './publish-limits.ts';

const target = parseTaggedReference('fedora/base:41');
const [one, two] = ['1', '2'].map((text) => buildTarOfFiles({ file: text }));
assert.ok(one !== undefined && two !== undefined);
const ids = [one, two].map((tar) => digestOf(tar));
const gzip = mediaTypes.ociLayerGzip;
const zstd = mediaTypes.ociLayerZstd;
const plain = 'application/vnd.oci.image.layer.v1.tar';

type Variant = Parameters<typeof buildVariant>[0];

async function publish(variant: Variant) {
  const world = createPublishWorld();
  const source = createMemoryImageSource(buildVariant(variant));
  return { world, result: await publishImage(world, source, target) };
}

const layer = (bytes: Buffer, mediaType: string = gzip) => ({ bytes, mediaType });
const packed = [one, two].map((tar) => layer(gzipSync(tar)));

describe('an image whose config says of its layers what they are', () => {
  for (const [what, variant, unpacked] of [
    ['gzip', { layers: packed, diffIds: ids }, 2],
    ['zstd', { layers: [layer(zstdCompressSync(one), zstd)], diffIds: ids.slice(0, 1) }, 1],
    ['two parts of gzip, as in a stargz', { layers: [layer(parts(gzipSync))], diffIds: [digestOf(one)] }, 1],
    ['frames of zstd with others to skip', { layers: [layer(frames(), zstd)], diffIds: [digestOf(one)] }, 1],
    ['no compression', { layers: [layer(one, plain)], diffIds: [digestOf(one)] }, 0],
    ['less compression than announced', { layers: [layer(one)], diffIds: [digestOf(one)] }, 1],
    [
      'more compression than announced',
      { layers: [layer(gzipSync(one), plain)], diffIds: [digestOf(one)] },
      1,
    ],
    ['no layers', { layers: [], diffIds: [] }, 0],
    ['no layers, and null for a list of none', { layers: [], diffIds: null }, 0],
  ] as const) {
    test(`is staged: ${what}`, async () => {
      const { world, result } = await publish(variant);
      assert.equal(result.outcome, 'staged');
      assert.deepEqual([result.unchecked, result.mismatches], [[], []]);
      assert.equal(world.layers.unpacked.length, unpacked);
    });
  }
});

describe('an image whose config says something else of its layers is refused:', () => {
  for (const [what, variant, message] of [
    [
      'one more layer',
      { layers: packed.slice(0, 1), diffIds: ids },
      /names 1 layers, .*diff_ids for 2: from layers\[1\]/,
    ],
    ['one layer less', { layers: packed, diffIds: ids.slice(0, 1) }, /names 2 layers, .*diff_ids for 1/],
    ['no layers', { layers: packed, diffIds: null }, /names 2 layers, .*diff_ids for 0/],
    [
      'another order',
      { layers: packed.toReversed(), diffIds: ids },
      /layers\[[01]\] of linux\/amd64 .* unpacks to sha256:/,
    ],
    [
      'the digests of the packed layers',
      { layers: packed, diffIds: packed.map(({ bytes }) => digestOf(bytes)) },
      /layers\[[01]\] of linux\/amd64/,
    ],
    [
      'other content without compression',
      { layers: [layer(one, plain)], diffIds: [digestOf(two)] },
      /layers\[0\] of linux\/amd64/,
    ],
    [
      'other content after the first frame',
      { layers: [layer(Buffer.concat([gzipSync(one), gzipSync(two)]))], diffIds: [digestOf(one)] },
      /layers\[0\]/,
    ],
    [
      'a layer that is cut off',
      { layers: [layer(gzipSync(one).subarray(0, -4))], diffIds: [digestOf(one)] },
      /layers\[0\]/,
    ],
  ] as const) {
    test(what, async () => {
      const world = createPublishWorld();
      const source = createMemoryImageSource(buildVariant(variant));
      await assert.rejects(publishImage(world, source, target), (error: Error & { code: string }) => {
        assert.equal(error.code, 'MANIFEST_INVALID');
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(source.name), error.message);
        return true;
      });
      assert.deepEqual(await world.stagedImages.list(), []);
      const allowed = await publishImage(world, source, target, { allowLayerMismatch: true });
      assert.equal(allowed.outcome, 'staged');
      assert.match(allowed.mismatches.join('\n'), message);
    });
  }

  test('whatever media type its config has', async () => {
    for (const configType of ['application/octet-stream', 'text/html', 'application/x.unknown+json', '']) {
      await assert.rejects(publish({ layers: packed, diffIds: ids.slice(1), configType }), {
        code: 'MANIFEST_INVALID',
      });
    }
  });

  test('in one platform of several, with the same layer right in another', async () => {
    const right = buildVariant({ layers: packed.slice(0, 1), diffIds: ids.slice(0, 1) });
    const wrong = buildVariant({
      layers: packed.slice(0, 1),
      diffIds: ids.slice(1),
      platform: 'linux/arm64',
    });
    const source = createMemoryImageSource(buildList([right, wrong]));
    await assert.rejects(publishImage(createPublishWorld(), source, target), {
      message: /layers\[0\] of linux\/arm64 /,
    });
  });

  test('also when its layers are staged or published already', async () => {
    const world = createPublishWorld();
    const right = buildVariant({ layers: packed, diffIds: ids });
    await publishImage(world, createMemoryImageSource(right), target);
    const wrong = createMemoryImageSource(buildVariant({ layers: packed, diffIds: ids.toReversed() }));
    await assert.rejects(publishImage(world, wrong, target), { code: 'MANIFEST_INVALID' });
    await world.publishByHand(target, right);
    world.staging.blobs.clear();
    await assert.rejects(publishImage(world, wrong, target), { code: 'MANIFEST_INVALID' });
  });

  test('a layer that unpacks to more than allowed', async () => {
    const zeros = Buffer.alloc(10_000_000);
    const bomb = buildVariant({ layers: [layer(gzipSync(zeros))], diffIds: [digestOf(zeros)] });
    const limits = { ...defaultLimits, unpackedBytes: 1_000_000 };
    await assert.rejects(
      publishImage(createPublishWorld(), createMemoryImageSource(bomb), target, { limits }),
      { message: /layers\[0\] of linux\/amd64/ },
    );
  });
});

describe('what cannot be compared', () => {
  test('is named: encrypted layers, unknown types, other compressions', async () => {
    const layers = [
      layer(Buffer.from('secret'), `${gzip}+encrypted`),
      layer(Buffer.from('squash'), 'application/vnd.example.squashfs'),
      layer(Buffer.from('BZh91AY'), gzip),
      layer(Buffer.from('statement'), 'application/vnd.in-toto+json'),
    ];
    const diffIds = [ids[0], ids[0], ids[0], digestOf('statement')];
    const { result } = await publish({ layers, diffIds });
    assert.deepEqual(
      result.unchecked.map(({ name, reason }) => `${name}: ${reason}`),
      [
        'layers[0] of linux/amd64: it is encrypted',
        'layers[1] of linux/amd64: its media type is not known',
        'layers[2] of linux/amd64: it is compressed with bzip2, which is not read here',
      ],
    );
  });

  test('is nothing in an artifact for a platform, which borrows the config of an image', async () => {
    const config = '{"os":"linux","architecture":"amd64"}';
    const manifest = { artifactType: 'application/vnd.example.thing' };
    const { result } = await publish({ layers: [layer(one, plain)], config, manifest });
    assert.equal(result.manifests[0]?.platform, 'linux/amd64');
    const bare = buildVariant({ layers: [layer(one, plain)], config });
    await assert.rejects(publishImage(createPublishWorld(), createMemoryImageSource(bare), target), {
      message: /names 1 layers, but its config .* for 0/,
    });
  });

  test('is nothing in an artifact, whose config says nothing of layers', async () => {
    const layers = [layer(gzipSync(one), 'application/vnd.cncf.helm.chart.content.v1.tar+gzip')];
    for (const [configType, config] of [
      ['application/vnd.oci.empty.v1+json', '{}'],
      ['application/vnd.cncf.helm.config.v1+json', '{"name":"chart","version":"1"}'],
      ['application/vnd.example.model', 'no JSON'],
      [mediaTypes.ociConfig, '{}'],
    ] as const) {
      const { result, world } = await publish({ layers, config, configType });
      assert.equal(result.outcome, 'staged');
      assert.deepEqual([result.unchecked, world.layers.unpacked], [[], []]);
      assert.equal(result.manifests[0]?.platform, undefined);
    }
  });
});

function parts(pack: (bytes: Buffer) => Buffer): Buffer {
  return Buffer.concat([
    pack(one?.subarray(0, 100) ?? assert.fail()),
    pack(one?.subarray(100) ?? assert.fail()),
  ]);
}

function frames(): Buffer {
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
  return Buffer.concat([parts(zstdCompressSync), skipped]);
}

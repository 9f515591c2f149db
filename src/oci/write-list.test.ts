import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildImage } from '../../test/fakes/image-builder.ts';
import { parseListEntries } from './manifest.ts';
import { parsePlatform, type Platform } from './platform.ts';
import { makeList, wrapManifest } from './write-list.ts';

const platforms: readonly Platform[] = [
  parsePlatform('linux/amd64'),
  parsePlatform('linux/arm/v7'),
  { os: 'windows', architecture: 'amd64', osVersion: '10.0.20348.1' },
  { os: 'windows', architecture: 'amd64', osFeatures: ['win32k'] },
  { os: 'linux', architecture: 'arm', variant: 'v8', osVersion: '1', osFeatures: ['a', 'b'] },
];
const { manifest, digest } = buildImage();

test('a list around one manifest says all that is known of its platform, and no more', () => {
  for (const platform of platforms) {
    const written = JSON.parse(Buffer.from(wrap(platform)).toString()) as {
      manifests: { platform: Record<string, unknown> }[];
    };
    const { os, architecture, variant, osVersion, osFeatures } = platform;
    const known = { os, architecture, variant, 'os.version': osVersion, 'os.features': osFeatures };
    assert.deepEqual(written.manifests[0]?.platform, JSON.parse(JSON.stringify(known)));
    assert.deepEqual(parseListEntries(wrap(platform)).entries[0]?.descriptor.platform, platform);
  }
});

test('a list around an artifact names its type, and around an image none', () => {
  const entryOf = (artifactType?: string) =>
    (
      JSON.parse(Buffer.from(wrap(undefined, artifactType)).toString()) as {
        manifests: Record<string, unknown>[];
      }
    ).manifests[0] ?? {};
  assert.equal(entryOf('application/vnd.example').artifactType, 'application/vnd.example');
  assert.ok(!('artifactType' in entryOf()));
});

test('a list that is made anew says platforms that its entries have not said', () => {
  for (const platform of platforms) {
    const descriptor = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1, platform };
    const { platform: _, ...unsaid } = descriptor;
    const made = makeList(wrap(undefined), [{ descriptor, written: unsaid }]);
    assert.deepEqual(parseListEntries(made).entries[0]?.descriptor.platform, platform);
    const said = { ...unsaid, platform: { os: 'other', architecture: 'one' } };
    const kept = JSON.parse(
      Buffer.from(makeList(wrap(undefined), [{ descriptor, written: said }])).toString(),
    );
    assert.deepEqual((kept as { manifests: unknown[] }).manifests, [said]);
  }
});

function wrap(platform: Platform | undefined, artifactType?: string): Uint8Array {
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const parsed = { mediaType, artifactType } as Parameters<typeof wrapManifest>[0];
  return wrapManifest(parsed, { digest, size: manifest.length }, platform);
}

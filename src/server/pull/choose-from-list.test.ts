import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type ManifestList, parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { chooseFromList } from './choose-from-list.ts';

const dockerOn = (os: string, arch: string) =>
  `docker/24.0.7 go/go1.20.10 git-commit/311b9ff kernel/6.1.0-18 os/${os} arch/${arch} UpstreamClient(Docker-Client/24.0.7 \\(linux\\))`;
const image = (platform: string, docker = false): Descriptor => buildImage({ platform, docker }).descriptor;
const attestation = image('unknown/unknown');
const artifact: Descriptor = (() => {
  const { platform: _none, ...rest } = image('linux/amd64');
  return rest;
})();
const all = ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v7', 'windows/amd64'].map((name) => image(name));

function listOf(...manifests: readonly Descriptor[]): ManifestList {
  const list = parseManifest(buildList([]).manifest);
  assert.ok(list.kind === 'list');
  return { ...list, manifests };
}

/** What is chosen, by its platform. */
function chosen(
  list: ManifestList,
  userAgent?: string,
  accepted: readonly string[] = [mediaTypes.ociManifest],
) {
  return chooseFromList(list, userAgent, ({ mediaType }) => accepted.includes(mediaType));
}

suite('for a client that accepts no lists', () => {
  test('the only manifest is chosen, whatever it is for and whatever the client says', () => {
    for (const only of [artifact, ...all]) {
      for (const userAgent of [undefined, 'Helm/3.19.0', dockerOn('linux', 'riscv64')]) {
        assert.equal(chosen(listOf(only), userAgent), only);
        assert.equal(chosen(listOf(only, attestation), userAgent), only);
        assert.equal(chosen(listOf(attestation, only), userAgent), only);
      }
    }
  });

  test('of several, the one for linux/amd64 is chosen, or for the platform that docker says', () => {
    const list = listOf(...all, attestation);
    assert.equal(chosen(list), all[0]);
    assert.equal(chosen(list, 'skopeo/1.22.0'), all[0]);
    assert.equal(chosen(list, dockerOn('linux', 'amd64')), all[0]);
    assert.equal(chosen(list, dockerOn('linux', 'arm64')), all[1]);
    assert.equal(chosen(list, dockerOn('linux', 'arm')), all[2]);
    assert.equal(chosen(list, dockerOn('windows', 'amd64')), all[3]);
  });

  test('a platform that is not there gets nothing, and never another', () => {
    assert.equal(chosen(listOf(...all), dockerOn('linux', 's390x')), undefined);
    const [, arm64, arm] = all.map(({ platform }, at) => ({ ...all[at], platform }) as Descriptor);
    assert.ok(arm64 !== undefined && arm !== undefined);
    assert.equal(chosen(listOf(arm64, arm)), undefined);
  });

  test('what is no platform in a User-Agent says nothing', () => {
    const list = listOf(...all);
    for (const text of [
      'xos/linux arch/arm64',
      'os/linux',
      'arch/arm64 os/linux',
      'os/LINUX arch/ARM64',
      '',
    ]) {
      assert.equal(chosen(list, text), all[0], text);
    }
  });

  test('only what Accept covers is chosen', () => {
    const docker = image('linux/arm64/v8', true);
    const list = listOf(docker, ...all);
    assert.equal(chosen(list, dockerOn('linux', 'arm64')), all[1]);
    assert.equal(chosen(list, dockerOn('linux', 'arm64'), [mediaTypes.dockerManifest]), docker);
    assert.equal(chosen(list, undefined, [mediaTypes.dockerManifest]), undefined);
    assert.equal(chosen(listOf(docker)), undefined);
  });

  test('several without a platform, a list in a list and an empty list have nothing for it', () => {
    const other = { ...artifact, digest: image('linux/s390x').digest };
    const nested = { ...artifact, mediaType: mediaTypes.ociIndex };
    for (const list of [
      listOf(artifact, other),
      listOf(nested),
      listOf(),
      listOf(attestation, attestation),
    ]) {
      assert.equal(chosen(list, undefined, Object.values(mediaTypes)), undefined);
    }
    assert.equal(parsePlatform('unknown/unknown').os, attestation.platform?.os);
  });
});

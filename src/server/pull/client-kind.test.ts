import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientKindOf } from './client-kind.ts';

test('clients are told apart by how their User-Agent begins, and by nothing else in it', () => {
  const agents: readonly [string | undefined, string][] = [
    [
      'docker/26.1.5 go/go1.24.4 kernel/6.12 os/linux arch/amd64 UpstreamClient(Docker-Client/26.1.5 (linux))',
      'docker',
    ],
    ['containerd/1.7.24', 'containerd'],
    ['libpod/5.4.2', 'podman'],
    ['podman/5.4.2', 'podman'],
    ['skopeo/1.18.0', 'skopeo'],
    ['Buildah/1.39.3', 'buildah'],
    ['cri-o/1.31.0 go/go1.23 os/linux arch/amd64', 'cri-o'],
    ['containers/5.34.2 (github.com/containers/image)', 'containers-image'],
    ['buildkit/v0.19', 'buildkit'],
    ['cosign/v2.4.1 (linux; amd64) go-containerregistry/v0.20.2', 'cosign'],
    ['notation/1.2.0', 'notation'],
    ['signpost/1.2.3 (mirror sync)', 'mirror-sync'],
    ['signpost/1.2.3', 'signpost'],
    ['signpost/1.2.3 (mirror sync) docker/26', 'signpost'],
    ['curl/8.14.1', 'other'],
    ['Mozilla/5.0 docker/26', 'other'],
    [' docker/26', 'other'],
    ['dockerish/1', 'other'],
    ['docker'.repeat(1000), 'other'],
    ['', 'other'],
    [undefined, 'other'],
  ];
  for (const [agent, kind] of agents) assert.equal(clientKindOf(agent), kind, String(agent));
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildFourPlatforms, buildImage, writeLayout } from '../fakes/image-builder.ts';
import { mustRun } from './harness/command.ts';
import { type Daemon, startDaemon } from './harness/daemon.ts';
import { findGoProgram, needsGoPrograms } from './harness/go-program.ts';
import { createGpgKey, type GpgKey } from './harness/gpg-key.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { createSignpost, type Signpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

interface Published {
  readonly list: string;
  readonly manifests: readonly { readonly digest: string; readonly platform?: string }[];
  readonly unchecked: readonly unknown[];
}

const image = buildImage({ layers: [{ a: 'a' }, { b: Buffer.alloc(100_000, 'b') }] });
const list = buildFourPlatforms();

describe('what other tools write is published from files', requirements('gpg', 'skopeo'), () => {
  const work = createWorkFolder();
  const file = (name: string) => join(work.path, name);
  let key: GpgKey;
  let signpost: Signpost;
  let number = 0;

  before(async () => {
    key = await createGpgKey(work, 'release', 'ed25519');
    signpost = createSignpost(work, 'origin', { repositories: [{ match: '*', keys: [key.publicKey] }] });
    await writeLayout(file('image'), { v1: image });
    await writeLayout(file('list'), { v1: list });
    await skopeo(`oci:${file('image')}:v1`, `docker-archive:${file('skopeo.tar')}:localhost/hello:1`);
  });
  after(async () => {
    await key[Symbol.asyncDispose]();
    work.remove();
  });

  const skopeo = (...args: readonly string[]) =>
    mustRun('skopeo', ['--insecure-policy', 'copy', '--quiet', '--all', ...args]);

  async function publish(source: string, ...options: readonly string[]): Promise<Published> {
    const out = await signpost.must('publish', source, `files/image:${number++}`, '--json', ...options);
    const result = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as Published;
    assert.deepEqual(result.unchecked, []);
    return result;
  }

  async function expectPlatforms(source: string, platforms: readonly (string | undefined)[]): Promise<void> {
    const { manifests } = await publish(source);
    assert.deepEqual(
      manifests.map(({ platform }) => platform),
      platforms,
      source,
    );
  }

  it('by skopeo: layouts keep their digests, and layers of zstd are compared too', async () => {
    await skopeo(`oci:${file('list')}:v1`, `oci:${file('skopeo-list')}:v1`);
    assert.equal((await publish(`oci:${file('skopeo-list')}:v1`)).list, list.digest);
    await skopeo(`oci:${file('list')}:v1`, `oci-archive:${file('skopeo-list.tar')}`);
    assert.equal((await publish(`oci-archive:${file('skopeo-list.tar')}`)).list, list.digest);
    await skopeo('--dest-compress-format', 'zstd', `oci:${file('image')}:v1`, `oci:${file('zstd')}`);
    await expectPlatforms(`oci:${file('zstd')}`, ['linux/amd64']);
    await expectPlatforms(`docker-archive:${file('skopeo.tar')}:localhost/hello:1`, ['linux/amd64']);
    await expectPlatforms(`docker-archive:${file('skopeo.tar')}:@0`, ['linux/amd64']);
  });

  it('by podman save, in each of its formats', requirements('podman'), async () => {
    const storage = [
      '--root',
      file('podman/root'),
      '--runroot',
      file('podman/run'),
      '--storage-driver',
      'vfs',
    ];
    const podman = (...args: readonly string[]) => mustRun('podman', [...storage, ...args]);
    await podman('load', '--quiet', '--input', file('skopeo.tar'));
    for (const [format, kind] of [
      ['docker-archive', 'docker-archive'],
      ['oci-archive', 'oci-archive'],
      ['oci-dir', 'oci'],
    ] as const) {
      const saved = file(`podman-${format}`);
      await podman('save', '--quiet', '--format', format, '--output', saved, 'localhost/hello:1');
      await expectPlatforms(`${kind}:${saved}`, ['linux/amd64']);
    }
  });

  it('by docker save, several images in one archive', requirements('dockerd', 'docker'), async () => {
    const host = `unix://${file('docker.sock')}`;
    const data = [
      '--data-root',
      file('docker'),
      '--exec-root',
      file('docker-exec'),
      '--pidfile',
      file('docker.pid'),
    ];
    const alone = ['--storage-driver', 'vfs', '--bridge', 'none', '--iptables=false'];
    const docker = (...args: readonly string[]) => mustRun('docker', ['--host', host, ...args]);
    const daemon: Daemon = await startDaemon('dockerd', ['--host', host, ...data, ...alone], {
      logFile: work.file('dockerd.log'),
      ready: (log) => log.includes('API listen on'),
    });
    try {
      await docker('load', '--input', file('skopeo.tar'));
      await docker('tag', 'localhost/hello:1', 'other/name:2');
      await docker('save', '--output', file('docker.tar'), 'localhost/hello:1', 'other/name:2');
    } finally {
      await daemon[Symbol.asyncDispose]();
    }
    await expectPlatforms(`docker-archive:${file('docker.tar')}:other/name:2`, ['linux/amd64']);
  });

  it('by crane pull, in each of its formats', needsGoPrograms('crane'), async () => {
    const program = findGoProgram('crane') ?? 'crane';
    const registry = `127.0.0.1:${await findFreePort()}`;
    const env = { HOME: work.folder('crane-home') };
    const crane = (...args: readonly string[]) => mustRun(program, args, { env });
    await using _server = await startDaemon(program, ['registry', 'serve', '--address', registry], {
      logFile: work.file('crane.log'),
      ready: () => answers(`http://${registry}/v2/`),
    });
    // crane makes a list of a layout's index.json: the list in it is the only entry.
    await crane('push', file('list'), `${registry}/list:1`, '--index');
    await crane('pull', '--format=oci', `${registry}/list:1`, file('crane-oci'));
    assert.equal((await publish(`oci:${file('crane-oci')}`)).list, list.digest);
    const platform = ['--platform', 'linux/s390x', `${registry}/list@${list.digest}`];
    for (const format of ['legacy', 'tarball']) {
      await crane('pull', `--format=${format}`, ...platform, file(`crane-${format}`));
      await expectPlatforms(`docker-archive:${file(`crane-${format}`)}`, ['linux/s390x']);
    }
  });

  it('by oras: artifacts without a platform and with one', needsGoPrograms('oras'), async () => {
    const env = { HOME: work.folder('oras-home') };
    const oras = (...args: readonly string[]) =>
      mustRun(findGoProgram('oras') ?? 'oras', args, { env, cwd: work.path });
    writeFileSync(file('chart.tgz'), gzipSync('a chart'));
    writeFileSync(file('chart.json'), '{"name":"chart","version":"1.0.0"}');
    const chart = 'chart.tgz:application/vnd.cncf.helm.chart.content.v1.tar+gzip';
    const type = ['--artifact-type', 'application/vnd.example.thing'];
    await oras('push', '--oci-layout', 'oras:plain', ...type, 'chart.tgz');
    await oras(
      'push',
      '--oci-layout',
      'oras:chart',
      '--config',
      'chart.json:application/vnd.cncf.helm.config.v1+json',
      chart,
    );
    await oras(
      'push',
      '--oci-layout',
      'oras:platform',
      ...type,
      '--artifact-platform',
      'linux/amd64',
      'chart.tgz',
    );
    await oras('manifest', 'index', 'create', '--oci-layout', 'oras:both', 'plain', 'platform');
    await expectPlatforms(`oci:${file('oras')}:plain`, [undefined]);
    await expectPlatforms(`oci:${file('oras')}:chart`, [undefined]);
    await expectPlatforms(`oci:${file('oras')}:platform`, ['linux/amd64']);
    await expectPlatforms(`oci:${file('oras')}:both`, [undefined, 'linux/amd64']);
  });
});

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

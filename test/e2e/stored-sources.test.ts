import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildImage, writeLayout } from '../fakes/image-builder.ts';
import { createContainersSettings } from './harness/clients/containers-settings.ts';
import { startDockerClient } from './harness/clients/docker-client.ts';
import { baseEnvironment, describeResult, mustRun, runCommand } from './harness/command.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { type Program, requirements } from './harness/requirements.ts';
import { createWorld, type World } from './harness/world.ts';

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const images = {
  amd64: buildImage({ platform: 'linux/amd64', layers: [{ hello: 'amd64' }, { more: 'x' }] }),
  arm64: buildImage({ platform: 'linux/arm64', layers: [{ hello: 'arm64' }] }),
};

interface Published {
  readonly list: string;
  readonly manifests: readonly { readonly platform?: string }[];
}

describe('images that other tools keep', requirements('docker', 'dockerd', 'gpg', 'podman', 'skopeo'), () => {
  let world: World;
  let env: Readonly<Record<string, string>>;

  before(async () => {
    world = await createWorld();
    const { work } = world;
    const settings = createContainersSettings(work, 'store');
    env = settings.env;
    for (const [name, image] of Object.entries(images)) {
      await writeLayout(work.folder(name), image);
      const args = ['copy', `oci:${work.folder(name)}`, `containers-storage:localhost/hello:${name}`];
      await mustRun('skopeo', args, { env });
    }
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  /** Runs `signpost publish` on a machine that has these programs and no others. */
  const publish = (
    programs: readonly Program[],
    more: Readonly<Record<string, string>>,
    ...sources: string[]
  ) => {
    const folder = world.work.folder(`programs-${programs.join('-')}`);
    for (const program of programs) {
      const link = join(folder, program);
      if (!existsSync(link)) symlinkSync(findProgram(program), link);
    }
    const settings = [
      '--config',
      world.work.file('origin.yaml'),
      '--data',
      world.work.folder('data'),
      '--json',
    ];
    return runCommand(process.execPath, [main, 'publish', ...sources, 'demo/hello:1', ...settings], {
      env: { ...env, ...more, PATH: programs.length === 0 ? folder : `${folder}:/usr/sbin:/sbin` },
    });
  };
  const must = async (...args: Parameters<typeof publish>): Promise<Published> => {
    const result = await publish(...args);
    assert.equal(result.status, 0, describeResult(result));
    return JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as Published;
  };
  const stored = Object.keys(images).map((name) => `containers-storage:localhost/hello:${name}`);

  for (const program of ['podman', 'skopeo'] as const) {
    it(`podman's are read with ${program}, and several make one list, the same each time`, async () => {
      const first = await must([program], {}, ...stored);
      assert.deepEqual(
        first.manifests.map(({ platform }) => platform),
        ['linux/amd64', 'linux/arm64'],
      );
      assert.equal((await must([program], {}, ...stored)).list, first.list);
    });
  }

  it('what is not there, and a tool that is not there, are named', async () => {
    const absent = await publish(['podman'], {}, 'containers-storage:localhost/absent:1');
    assert.match(absent.stderr, /absent/, describeResult(absent));
    assert.notEqual(absent.status, 0);
    const without = await publish([], {}, ...stored);
    assert.match(without.stderr, /read with podman or buildah or skopeo/, describeResult(without));
    assert.equal(without.status, 4);
    const docker = await publish([], {}, 'docker-daemon:hello:1');
    assert.match(docker.stderr, /read with docker or skopeo/, describeResult(docker));
  });

  it("docker's are read with docker or skopeo", async () => {
    const place = await world.createPlace('daemon', 'DE');
    await using _client = await startDockerClient(world.work, place);
    const host = { DOCKER_HOST: `unix://${world.work.folder('daemon')}/d.sock` };
    const archive = world.work.file('hello.tar');
    const args = ['copy', `oci:${world.work.folder('amd64')}`, `docker-archive:${archive}:hello:1`];
    await mustRun('skopeo', args, { env });
    await mustRun('docker', ['load', '--input', archive], { env: { ...env, ...host } });
    for (const program of ['docker', 'skopeo'] as const) {
      const { manifests } = await must([program], host, 'docker-daemon:hello:1');
      assert.deepEqual(
        manifests.map(({ platform }) => platform),
        ['linux/amd64'],
      );
    }
  });
});

function findProgram(name: string): string {
  const folders = (baseEnvironment.PATH ?? '').split(':');
  return folders.map((folder) => join(folder, name)).find(existsSync) ?? assert.fail(`${name} is missing`);
}

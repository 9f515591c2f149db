import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, mustRun } from '../command.ts';
import { startDaemon } from '../daemon.ts';
import type { WorkFolder } from '../work-folder.ts';
import { type ClientSetting, type PullClient, placeEnvironment } from './pull-client.ts';

/** A containerd with its own folders. dockerd needs one to talk to, even for pulls. */
export interface ContainerdDaemon extends AsyncDisposable {
  readonly socket: string;
}

export async function startContainerd(work: WorkFolder, name: string): Promise<ContainerdDaemon> {
  const folder = work.folder(name);
  const socket = join(folder, 'c.sock');
  const configuration = join(folder, 'config.toml');
  writeFileSync(
    configuration,
    [
      'version = 2',
      `root = "${folder}/root"`,
      `state = "${folder}/state"`,
      'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
      `[grpc]\n  address = "${socket}"`,
      `[plugins."io.containerd.internal.v1.opt"]\n  path = "${folder}/opt"`,
    ].join('\n'),
  );
  const daemon = await startDaemon('containerd', ['--config', configuration], {
    logFile: work.file(`${name}.log`),
    ready: () => existsSync(socket),
  });
  return { socket, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

/** containerd's own `ctr`. It pulls by itself and hands the bytes to the daemon. */
export async function startContainerdClient(work: WorkFolder, setting: ClientSetting): Promise<PullClient> {
  const daemon = await startContainerd(work, setting.name);
  const env = placeEnvironment(setting);
  const ctr = (...args: string[]) => ['--address', daemon.socket, '--namespace', 'test', ...args];
  const snapshotter = 'native';
  let mounts = 0;
  const mounted: string[] = [];
  const unmount = async () => {
    for (const folder of mounted.splice(0)) await runCommand('ctr', ctr('images', 'unmount', '--rm', folder));
  };
  return {
    name: 'containerd',
    pull(reference, options = {}) {
      const platform = options.platform === undefined ? [] : ['--platform', options.platform];
      return runCommand('ctr', ctr('images', 'pull', '--snapshotter', snapshotter, ...platform, reference), {
        env,
        ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      });
    },
    async configDigest(reference) {
      const inspected = await mustRun('ctr', ctr('images', 'ls', `name==${reference}`));
      const target = /sha256:[0-9a-f]{64}/.exec(inspected)?.[0];
      if (target === undefined) throw new Error(`ctr does not know ${reference}:\n${inspected}`);
      const content = await mustRun('ctr', ctr('content', 'ls', '-q'));
      const read = async (digest: string) =>
        JSON.parse(await mustRun('ctr', ctr('content', 'get', digest))) as {
          manifests?: { digest: string }[];
          config?: { digest: string };
        };
      const root = await read(target);
      // Only the manifest of the platform that was pulled is there.
      const present = root.manifests?.find(({ digest }) => content.includes(digest));
      const manifest = present === undefined ? root : await read(present.digest);
      return manifest.config?.digest ?? '';
    },
    async takeFile(reference, path, platform = 'linux/amd64') {
      mounts += 1;
      const folder = join(work.folder(setting.name), `mount-${mounts}`);
      mkdirSync(folder);
      await mustRun(
        'ctr',
        ctr('images', 'mount', '--platform', platform, '--snapshotter', snapshotter, reference, folder),
      );
      mounted.push(folder);
      return join(folder, path);
    },
    async forget() {
      await unmount();
      const names = (await mustRun('ctr', ctr('images', 'ls', '-q'))).split('\n').filter(Boolean);
      if (names.length > 0) await mustRun('ctr', ctr('images', 'rm', '--sync', ...names));
      const content = (await mustRun('ctr', ctr('content', 'ls', '-q'))).split('\n').filter(Boolean);
      if (content.length > 0) await runCommand('ctr', ctr('content', 'rm', ...content));
      const ingests = (await mustRun('ctr', ctr('content', 'active')))
        .split('\n')
        .slice(1)
        .flatMap((line) => line.split(/\s+/)[0] || []);
      for (const ingest of ingests) await runCommand('ctr', ctr('content', 'abort', ingest));
    },
    async [Symbol.asyncDispose]() {
      await unmount();
      await daemon[Symbol.asyncDispose]();
    },
  };
}

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, runCommand } from '../command.ts';
import { startDaemon } from '../daemon.ts';
import type { WorkFolder } from '../work-folder.ts';
import { startContainerd } from './containerd-client.ts';
import { type ClientSetting, type PullClient, placeEnvironment } from './pull-client.ts';

/** A dockerd of its own with the docker command. It pulls itself, so it is the daemon that is at the place. */
export async function startDockerClient(work: WorkFolder, setting: ClientSetting): Promise<PullClient> {
  const folder = work.folder(setting.name);
  await using stack = new AsyncDisposableStack();
  const containerd = stack.use(await startContainerd(work, `${setting.name}-c`));
  // Not the system's own settings.
  const configuration = work.file(`${setting.name}.json`);
  writeFileSync(configuration, '{}');
  const host = `unix://${folder}/d.sock`;
  const docker = (...args: string[]) => ['-H', host, '--config', join(folder, 'client'), ...args];
  let starts = 0;
  const start = () => {
    starts += 1;
    return startDaemon(
      'dockerd',
      [
        `--config-file=${configuration}`,
        `--host=${host}`,
        `--containerd=${containerd.socket}`,
        `--data-root=${join(folder, 'root')}`,
        `--exec-root=${join(folder, 'exec')}`,
        `--pidfile=${join(folder, 'pid')}`,
        '--storage-driver=vfs',
        '--iptables=false',
        '--ip6tables=false',
        '--bridge=none',
        '--ip-forward=false',
        '--ip-masq=false',
      ],
      {
        env: { ...placeEnvironment(setting), HOME: folder },
        logFile: work.file(`${setting.name}-${starts}.log`),
        ready: (log) => log.includes('API listen on'),
        patience: 60_000,
      },
    );
  };
  let daemon = await start();
  stack.defer(() => daemon[Symbol.asyncDispose]());
  let taken = 0;
  const daemons = stack.move();
  return {
    name: 'docker',
    pull(reference, options = {}) {
      const platform = options.platform === undefined ? [] : ['--platform', options.platform];
      return runCommand(
        'docker',
        docker('pull', ...platform, reference),
        options.timeout === undefined ? {} : { timeout: options.timeout },
      );
    },
    async configDigest(reference) {
      return (await mustRun('docker', docker('image', 'inspect', '--format', '{{.Id}}', reference))).trim();
    },
    async takeFile(reference, path) {
      taken += 1;
      const target = join(folder, `taken-${taken}`);
      const id = (await mustRun('docker', docker('create', '--network=none', reference, path))).trim();
      await mustRun('docker', docker('cp', `${id}:${path}`, target));
      await mustRun('docker', docker('rm', id));
      return target;
    },
    async forget() {
      const ids = (await mustRun('docker', docker('images', '-aq', '--no-trunc')))
        .split('\n')
        .filter(Boolean);
      if (ids.length > 0) await mustRun('docker', docker('rmi', '-f', ...new Set(ids)));
    },
    async restart() {
      await daemon[Symbol.asyncDispose]();
      daemon = await start();
    },
    async [Symbol.asyncDispose]() {
      await daemons[Symbol.asyncDispose]();
    },
  };
}

import { join } from 'node:path';
import { mustRun, runCommand } from '../command.ts';
import type { WorkFolder } from '../work-folder.ts';
import { type ContainersSettings, createContainersSettings } from './containers-settings.ts';
import { type ClientSetting, type PullClient, placeEnvironment } from './pull-client.ts';

/** podman with its own storage and the settings of its own home folder. */
export function createPodmanClient(
  work: WorkFolder,
  setting: ClientSetting,
): PullClient & { readonly settings: ContainersSettings } {
  const settings = createContainersSettings(work, setting.name);
  const folder = work.folder(setting.name);
  const env = { ...settings.env, ...placeEnvironment(setting) };
  const podman = (...args: string[]) => [
    `--root=${join(folder, 'root')}`,
    `--runroot=${join(folder, 'runroot')}`,
    `--tmpdir=${join(folder, 'tmp')}`,
    '--storage-driver=vfs',
    '--cgroup-manager=cgroupfs',
    '--events-backend=file',
    ...args,
  ];
  const must = (...args: string[]) => mustRun('podman', podman(...args), { env });
  const mounted = new Set<string>();
  const forget = async () => {
    for (const reference of mounted) await must('image', 'unmount', reference);
    mounted.clear();
    await must('rmi', '--all', '--force');
  };
  return {
    name: 'podman',
    settings,
    pull(reference, options = {}) {
      const platform = options.platform === undefined ? [] : ['--platform', options.platform];
      return runCommand('podman', podman('pull', ...platform, reference), {
        env,
        ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      });
    },
    async configDigest(reference) {
      const id = await must('image', 'inspect', '--format', '{{.Id}}', reference);
      return `sha256:${id.trim()}`;
    },
    async takeFile(reference, path) {
      const root = await must('image', 'mount', reference);
      mounted.add(reference);
      return join(root.trim(), path);
    },
    forget,
    async [Symbol.asyncDispose]() {
      await forget();
    },
  };
}

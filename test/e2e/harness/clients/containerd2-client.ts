import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, mustRun, runCommand } from '../command.ts';
import { startDaemon } from '../daemon.ts';
import { findGoProgram } from '../go-program.ts';
import type { WorkFolder } from '../work-folder.ts';
import { type ClientSetting, placeEnvironment } from './pull-client.ts';

/** containerd 2 with its own folders, whose transfer service pulls. */
export interface Containerd2Client extends AsyncDisposable {
  pull(reference: string): Promise<CommandResult>;
  /** The bytes of a blob that it holds, by their digest; containerd has hashed them when it took them. */
  holds(digest: string): Promise<boolean>;
  forget(): Promise<void>;
}

export interface Containerd2Options {
  /** Bytes of each range when one layer is fetched in several requests; 0 fetches it in one. */
  readonly layerFetchBuffer?: number;
}

export async function startContainerd2(
  work: WorkFolder,
  setting: ClientSetting,
  options: Containerd2Options = {},
): Promise<Containerd2Client> {
  const folder = work.folder(setting.name);
  const socket = join(folder, 'c.sock');
  const configuration = join(folder, 'config.toml');
  const without = ['cri.v1.images', 'cri.v1.runtime', 'grpc.v1.cri', 'nri.v1.nri', 'runtime.v2.task'];
  writeFileSync(
    configuration,
    [
      'version = 3',
      `root = "${folder}/root"`,
      `state = "${folder}/state"`,
      `disabled_plugins = [${without.map((plugin) => `"io.containerd.${plugin}"`).join(', ')}]`,
      `[grpc]\n  address = "${socket}"`,
      `[plugins."io.containerd.internal.v1.opt"]\n  path = "${folder}/opt"`,
      '[plugins."io.containerd.transfer.v1.local"]',
      '  max_concurrent_downloads = 8',
      `  concurrent_layer_fetch_buffer = ${options.layerFetchBuffer ?? 0}`,
      '  [[plugins."io.containerd.transfer.v1.local".unpack_config]]',
      '    platform = "linux/amd64"',
      '    snapshotter = "native"',
    ].join('\n'),
  );
  const ctr = (...args: string[]) => ['--address', socket, '--namespace', 'test', ...args];
  const program = findGoProgram('ctr') ?? 'ctr';
  const daemon = await startDaemon(findGoProgram('containerd') ?? 'containerd', ['--config', configuration], {
    env: placeEnvironment(setting),
    logFile: work.file(`${setting.name}.log`),
    ready: () => existsSync(socket),
  });
  return {
    pull: (reference) =>
      runCommand(
        program,
        ctr('images', 'pull', '--snapshotter', 'native', '--platform', 'linux/amd64', reference),
      ),
    async holds(digest) {
      const content = await mustRun(program, ctr('content', 'ls', '-q'));
      return content.split('\n').includes(digest);
    },
    async forget() {
      const names = (await mustRun(program, ctr('images', 'ls', '-q'))).split('\n').filter(Boolean);
      if (names.length > 0) await mustRun(program, ctr('images', 'rm', '--sync', ...names));
      const content = (await mustRun(program, ctr('content', 'ls', '-q'))).split('\n').filter(Boolean);
      if (content.length > 0) await runCommand(program, ctr('content', 'rm', ...content));
    },
    [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose](),
  };
}

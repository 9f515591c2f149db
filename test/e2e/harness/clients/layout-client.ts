import { join } from 'node:path';
import { type CommandResult, runCommand } from '../command.ts';
import { findGoProgram } from '../go-program.ts';
import type { WorkFolder } from '../work-folder.ts';
import { type ClientSetting, placeEnvironment } from './pull-client.ts';

/** Programs that copy an image from a registry to an OCI layout. */
export const layoutClientNames = ['crane', 'oras', 'regctl'] as const;
export type LayoutClientName = (typeof layoutClientNames)[number];

export interface LayoutClient {
  /** Copies an image, one platform of it where one is named, to a new layout and returns its folder. */
  copy(
    reference: string,
    platform?: string,
  ): Promise<{ readonly result: CommandResult; readonly layout: string }>;
  /** Asks for the digest that a tag has. */
  digest(reference: string): Promise<CommandResult>;
}

type Arguments = (reference: string, layout: string, platform: readonly string[]) => readonly string[];

const copies: Readonly<Record<LayoutClientName, Arguments>> = {
  crane: (reference, layout, platform) => ['pull', '--format=oci', ...platform, reference, layout],
  oras: (reference, layout, platform) => [
    'copy',
    '--no-tty',
    ...platform,
    '--to-oci-layout',
    reference,
    `${layout}:copied`,
  ],
  regctl: (reference, layout, platform) => [
    'image',
    'copy',
    ...platform,
    reference,
    `ocidir://${layout}:copied`,
  ],
};
const digests: Readonly<Record<LayoutClientName, (reference: string) => readonly string[]>> = {
  crane: (reference) => ['digest', reference],
  oras: (reference) => ['resolve', reference],
  regctl: (reference) => ['image', 'digest', reference],
};

export function createLayoutClient(
  work: WorkFolder,
  name: LayoutClientName,
  setting: ClientSetting,
): LayoutClient {
  const program = findGoProgram(name) ?? name;
  const home = work.folder(setting.name);
  const env = { ...placeEnvironment(setting), HOME: home };
  let copied = 0;
  return {
    async copy(reference, platform) {
      const layout = join(home, `layout-${(copied += 1)}`);
      const args = copies[name](reference, layout, platform === undefined ? [] : ['--platform', platform]);
      return { result: await runCommand(program, args, { env }), layout };
    },
    digest: (reference) => runCommand(program, digests[name](reference), { env }),
  };
}

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, runCommand } from '../command.ts';
import type { WorkFolder } from '../work-folder.ts';
import { type ContainersSettings, createContainersSettings } from './containers-settings.ts';
import { type ClientSetting, type PullClient, placeEnvironment } from './pull-client.ts';

/** skopeo, which copies to a folder on disk: what it fetched, by digest, and the signatures. */
export interface SkopeoClient extends PullClient {
  readonly settings: ContainersSettings;
  /** The folder that `reference` was copied to. */
  folder(reference: string): string;
}

/** `all` for every platform of the list, which only skopeo takes. */
export const allPlatforms = 'all';

export function createSkopeoClient(work: WorkFolder, setting: ClientSetting): SkopeoClient {
  const settings = createContainersSettings(work, setting.name);
  const base = work.folder(setting.name);
  const images = join(base, 'images');
  const env = { ...settings.env, ...placeEnvironment(setting) };
  const folder = (reference: string) => join(images, reference.replaceAll(/[^a-z0-9.]+/g, '-'));
  const blob = (reference: string, digest: string) => join(folder(reference), digest.replace('sha256:', ''));
  const manifest = (reference: string) =>
    JSON.parse(readFileSync(join(folder(reference), 'manifest.json'), 'utf8')) as Manifest;
  let unpacked = 0;
  return {
    name: 'skopeo',
    settings,
    folder,
    pull(reference, options = {}) {
      const [os = '', architecture = ''] = options.platform?.split('/') ?? [];
      const all = options.platform === allPlatforms;
      const override = all || os === '' ? [] : ['--override-os', os, '--override-arch', architecture];
      mkdirSync(folder(reference), { recursive: true });
      return runCommand(
        'skopeo',
        [...override, 'copy', ...(all ? ['--all'] : []), `docker://${reference}`, `dir:${folder(reference)}`],
        { env, ...(options.timeout === undefined ? {} : { timeout: options.timeout }) },
      );
    },
    configDigest: (reference) => Promise.resolve(manifest(reference).config.digest),
    async takeFile(reference, path) {
      unpacked += 1;
      const target = join(base, `unpacked-${unpacked}`);
      mkdirSync(target);
      for (const layer of manifest(reference).layers)
        await mustRun('tar', ['-xf', blob(reference, layer.digest), '-C', target]);
      const file = join(target, path);
      if (!existsSync(file)) throw new Error(`${path} is not in the layers of ${reference}`);
      return file;
    },
    forget() {
      rmSync(images, { recursive: true, force: true });
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface Manifest {
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string }[];
}

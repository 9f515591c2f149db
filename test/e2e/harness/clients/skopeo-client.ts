import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mustRun, runCommand } from '../command.ts';
import type { WorkFolder } from '../work-folder.ts';
import { type ContainersSettings, createContainersSettings } from './containers-settings.ts';
import { type ClientSetting, type PullClient, placeEnvironment } from './pull-client.ts';

/** skopeo, which copies to an image layout on disk. */
export interface SkopeoClient extends PullClient {
  readonly settings: ContainersSettings;
  /** The image layout that `reference` was copied to. */
  layout(reference: string): string;
}

export function createSkopeoClient(work: WorkFolder, setting: ClientSetting): SkopeoClient {
  const settings = createContainersSettings(work, setting.name);
  const folder = work.folder(setting.name);
  const images = join(folder, 'images');
  const env = { ...settings.env, ...placeEnvironment(setting) };
  const layout = (reference: string) => join(images, reference.replaceAll(/[^a-z0-9.]+/g, '-'));
  const blob = (reference: string, digest: string) => join(layout(reference), 'blobs', ...digest.split(':'));
  const manifest = (reference: string) => {
    const index = JSON.parse(readFileSync(join(layout(reference), 'index.json'), 'utf8')) as Manifest;
    const digest = index.manifests?.[0]?.digest ?? '';
    return JSON.parse(readFileSync(blob(reference, digest), 'utf8')) as Manifest;
  };
  let unpacked = 0;
  return {
    name: 'skopeo',
    settings,
    layout,
    pull(reference, options = {}) {
      const [os, architecture] = options.platform?.split('/') ?? [];
      const which = options.platform === 'all' ? ['--all'] : [];
      const override =
        os === undefined || architecture === undefined
          ? []
          : ['--override-os', os, '--override-arch', architecture];
      mkdirSync(layout(reference), { recursive: true });
      return runCommand(
        'skopeo',
        [...override, 'copy', ...which, `docker://${reference}`, `oci:${layout(reference)}:pulled`],
        { env, ...(options.timeout === undefined ? {} : { timeout: options.timeout }) },
      );
    },
    configDigest: (reference) => Promise.resolve(manifest(reference).config?.digest ?? ''),
    async takeFile(reference, path) {
      unpacked += 1;
      const target = join(folder, `unpacked-${unpacked}`);
      mkdirSync(target);
      for (const layer of manifest(reference).layers ?? [])
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
  readonly manifests?: readonly { readonly digest: string }[];
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
}

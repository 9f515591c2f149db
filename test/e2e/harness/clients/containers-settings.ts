import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkFolder } from '../work-folder.ts';

/** What podman, skopeo, CRI-O and buildah read from a person's home folder. */
export interface ContainersSettings {
  readonly home: string;
  readonly env: Readonly<Record<string, string>>;
  /** Demands signatures by the key in `keyFile` for everything under `scope`, or accepts everything without. */
  setPolicy(demand?: {
    readonly scope: string;
    readonly keyFile: string;
    /** Which names are the right ones; default: what the tools take. */
    readonly identity?: string;
  }): void;
  /** Where signatures are, for everything under `scope`. Without it only the registry itself is asked. */
  setLookaside(scope: string | undefined, url: string): void;
}

export function createContainersSettings(work: WorkFolder, name: string): ContainersSettings {
  const home = work.folder(name, 'home');
  const folder = work.folder(name, 'home/.config/containers');
  const lookaside = work.folder(name, 'home/.config/containers/registries.d');
  writeFileSync(join(folder, 'registries.conf'), 'unqualified-search-registries = []\n');
  const settings: ContainersSettings = {
    home,
    env: {
      HOME: home,
      XDG_RUNTIME_DIR: work.folder(name, 'run'),
      TMPDIR: work.folder(name, 'tmp'),
      CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
      CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
    },
    setPolicy(demand) {
      const accept = [{ type: 'insecureAcceptAnything' }];
      const policy =
        demand === undefined
          ? { default: accept }
          : {
              default: [{ type: 'reject' }],
              transports: {
                docker: {
                  [demand.scope]: [
                    {
                      type: 'signedBy',
                      keyType: 'GPGKeys',
                      keyPath: demand.keyFile,
                      ...(demand.identity === undefined ? {} : { signedIdentity: { type: demand.identity } }),
                    },
                  ],
                },
                // What podman and skopeo do inside their own storage and folders is not a pull.
                ...Object.fromEntries(
                  ['containers-storage', 'dir', 'oci'].map((name) => [name, { '': accept }]),
                ),
              },
            };
      writeFileSync(join(folder, 'policy.json'), JSON.stringify(policy, null, 2));
    },
    setLookaside(scope, url) {
      const entry = scope === undefined ? {} : { docker: { [scope]: { lookaside: url } } };
      writeFileSync(join(lookaside, 'signatures.yaml'), JSON.stringify(entry));
    },
  };
  writeFileSync(
    join(folder, 'storage.conf'),
    `[storage]\ndriver = "vfs"\ngraphroot = "${home}/g"\nrunroot = "${home}/r"\n`,
  );
  settings.setPolicy();
  return settings;
}

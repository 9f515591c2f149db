import type { TrustFile } from './trust-file.ts';

/** What clients of TUF and Notary v1 are given. */
export interface TrustedMetadata {
  /** The TUF root that the configuration trusts. */
  readonly tufRoot?: Uint8Array | undefined;
  /** Identifiers that Notary v1 gives to the trusted root certificates; none: there is no Notary v1. */
  readonly notaryKeyIds: readonly string[];
  /** The roots of the collections that are published, by `host/repository`. */
  readonly notaryRoots: ReadonlyMap<string, Uint8Array>;
}

/** @param authority PEM of who issued the registry's TLS certificate, for clients that do not know it */
export function createMetadataTrustFiles(
  registry: string,
  { tufRoot, notaryKeyIds, notaryRoots }: TrustedMetadata,
  authority: Uint8Array | undefined,
): readonly TrustFile[] {
  return [
    ...(tufRoot === undefined ? [] : tufFiles(registry, tufRoot)),
    ...(notaryKeyIds.length === 0 ? [] : notaryFiles(registry, notaryKeyIds, authority)),
    ...(notaryKeyIds.length === 0 ? [] : dockerFiles(registry, notaryRoots, authority)),
  ];
}

function tufFiles(registry: string, root: Uint8Array): readonly TrustFile[] {
  return [
    { path: 'tuf/root.json', bytes: root, reader: 'tuf-js and python-tuf, beside the two programs' },
    { path: 'tuf/find-digest.mjs', bytes: tufJsProgram(registry), reader: 'tuf-js (npm install tuf-js)' },
    {
      path: 'tuf/find_digest.py',
      bytes: pythonProgram(registry),
      reader: 'python-tuf 6 and 7 (pip install tuf securesystemslib[crypto])',
    },
  ];
}

function tufJsProgram(registry: string): string {
  return `#!/usr/bin/env node
// Prints the name by digest of what a tag is: node find-digest.mjs fedora/base:41
// What it has verified it keeps below ~/.local/share/tuf: without that nothing older could be told.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Updater } from 'tuf-js';

const { copyFileSync, existsSync, mkdirSync } = process.getBuiltinModule('node:fs');
const registry = '${registry}';
const folder = join(homedir(), '.local/share/tuf', registry);
const name = process.argv[2] ?? '';
const colon = name.lastIndexOf(':');
mkdirSync(folder, { recursive: true });
if (!existsSync(join(folder, 'root.json'))) {
  copyFileSync(join(import.meta.dirname, 'root.json'), join(folder, 'root.json'));
}
const updater = new Updater({ metadataDir: folder, metadataBaseUrl: \`https://\${registry}/tuf\` });
await updater.refresh();
const target = await updater.getTargetInfo(\`\${name.slice(0, colon)}/\${name.slice(colon + 1)}\`);
if (target?.custom?.reference !== \`\${registry}/\${name}\`) {
  console.error(\`\${registry} has signed no \${name}\`);
  process.exit(1);
}
console.log(\`\${registry}/\${name.slice(0, colon)}@sha256:\${target.hashes.sha256}\`);
`;
}

function pythonProgram(registry: string): string {
  return `#!/usr/bin/env python3
"""Prints the name by digest of what a tag is: find_digest.py fedora/base:41

What it has verified it keeps below ~/.local/share/tuf: without that nothing older could be told.
"""
import pathlib
import sys

from tuf.ngclient import Updater

registry = "${registry}"
folder = pathlib.Path.home() / ".local/share/tuf" / registry
name = sys.argv[1]
repository, _, tag = name.rpartition(":")
folder.mkdir(parents=True, exist_ok=True)
root = (pathlib.Path(__file__).parent / "root.json").read_bytes()
updater = Updater(str(folder), f"https://{registry}/tuf/", bootstrap=root)
updater.refresh()
target = updater.get_targetinfo(f"{repository}/{tag}")
if target is None or target.custom != {"reference": f"{registry}/{name}"}:
    sys.exit(f"{registry} has signed no {name}")
print(f"{registry}/{repository}@sha256:{target.hashes['sha256']}")
`;
}

function notaryFiles(
  registry: string,
  keyIds: readonly string[],
  authority: Uint8Array | undefined,
): readonly TrustFile[] {
  const reader = 'notary';
  const config = {
    trust_dir: '~/.notary',
    remote_server: {
      url: `https://${registry}`,
      ...(authority === undefined ? {} : { root_ca: 'registry-ca.crt' }),
    },
    // A root is taken by its certificate, and never because it is the first one that is seen.
    trust_pinning: { disable_tofu: true, certs: { [`${registry}/*`]: keyIds } },
  };
  return [
    {
      path: 'notary/config.json',
      bytes: `${JSON.stringify(config, null, 2)}\n`,
      goesTo: '~/.notary/config.json',
      reader,
    },
    ...(authority === undefined
      ? []
      : [{ path: 'notary/registry-ca.crt', bytes: authority, goesTo: '~/.notary/registry-ca.crt', reader }]),
  ];
}

function dockerFiles(
  registry: string,
  roots: ReadonlyMap<string, Uint8Array>,
  authority: Uint8Array | undefined,
): readonly TrustFile[] {
  const reader = 'docker, up to version 28';
  const pinned = [...roots].map(([collection, bytes]) => {
    const path = `trust/tuf/${collection}/metadata/root.json`;
    return { path: `docker/${path}`, bytes, goesTo: `~/.docker/${path}`, reader };
  });
  const authorities =
    authority === undefined
      ? []
      : [
          { path: `docker/tls/${registry}/ca.crt`, goesTo: `~/.docker/tls/${registry}/ca.crt` },
          { path: `docker/certs.d/${registry}/ca.crt`, goesTo: `/etc/docker/certs.d/${registry}/ca.crt` },
        ].map((file) => ({ ...file, bytes: authority, reader }));
  const profile = `# Images of other registries are then refused that have no content trust of their own.
export DOCKER_CONTENT_TRUST=1
export DOCKER_CONTENT_TRUST_SERVER=https://${registry}
`;
  return [
    { path: 'docker/content-trust.sh', bytes: profile, goesTo: '~/.profile (append it)', reader },
    ...pinned,
    ...authorities,
  ];
}

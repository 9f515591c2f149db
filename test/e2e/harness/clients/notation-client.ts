import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, runCommand } from '../command.ts';
import { findGoProgram, needsGoPrograms, readVersion } from '../go-program.ts';
import type { WorkFolder } from '../work-folder.ts';

const program = findGoProgram('notation');

/** As options for node:test: a skip that says what is missing. */
export const needsNotation = needsGoPrograms('notation');

/** The notation program with a trust store of its own. */
export interface NotationClient {
  /** Trusts a root, by its PEM file, for everything, and nothing else. */
  trust(root: string): void;
  verify(reference: string, ...options: readonly string[]): Promise<CommandResult>;
  list(reference: string): Promise<CommandResult>;
  /** `1.3.2`. */
  version(): Promise<string>;
}

/** `authority` is the file of a certificate authority for TLS; without it registries speak HTTP. */
export function createNotationClient(work: WorkFolder, name: string, authority?: string): NotationClient {
  const home = work.folder(name);
  const env = {
    HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_CACHE_HOME: join(home, 'cache'),
    ...(authority === undefined ? {} : { SSL_CERT_FILE: authority }),
  };
  const transport = `--insecure-registry=${String(authority === undefined)}`;
  const run = (...args: readonly string[]) =>
    runCommand(program ?? 'notation', args, { env, timeout: 60_000 });
  let stores = 0;
  return {
    trust(root) {
      const store = `store-${(stores += 1)}`;
      const folder = join(home, 'notation/truststore/x509/ca', store);
      mkdirSync(folder, { recursive: true });
      copyFileSync(root, join(folder, 'root.pem'));
      const policy = {
        name: 'all',
        registryScopes: ['*'],
        signatureVerification: { level: 'strict' },
        trustStores: [`ca:${store}`],
        trustedIdentities: ['*'],
      };
      const document = { version: '1.0', trustPolicies: [policy] };
      writeFileSync(join(home, 'notation/trustpolicy.json'), JSON.stringify(document), { mode: 0o600 });
    },
    verify: (reference, ...options) => run('verify', transport, ...options, reference),
    list: (reference) => run('list', transport, reference),
    version: () => readVersion(program ?? 'notation', 'version'),
  };
}

import { type CommandResult, runCommand } from '../command.ts';
import { findGoProgram, needsGoPrograms, readVersion } from '../go-program.ts';
import type { WorkFolder } from '../work-folder.ts';

const program = findGoProgram('cosign');

/** As options for node:test: a skip that says what is missing. */
export const needsCosign = needsGoPrograms('cosign');

/** The two forms in which cosign 3 looks for signatures. */
export type CosignForm = 'bundle' | 'attached';

export interface CosignClient {
  /** Verifies with the public key in `key`; `options` are cosign's own. */
  verify(
    form: CosignForm,
    key: string,
    reference: string,
    ...options: readonly string[]
  ): Promise<CommandResult>;
  /** `3.1.3`. */
  version(): Promise<string>;
}

/** `authority` is the file of a certificate authority that it trusts for TLS. */
export function createCosignClient(work: WorkFolder, name: string, authority?: string): CosignClient {
  const env = { HOME: work.folder(name), ...(authority === undefined ? {} : { SSL_CERT_FILE: authority }) };
  return {
    version: () => readVersion(program ?? 'cosign', 'version'),
    verify: (form, key, reference, ...options) =>
      runCommand(
        program ?? 'cosign',
        [
          'verify',
          '--key',
          key,
          '--insecure-ignore-tlog',
          '--allow-http-registry',
          `--new-bundle-format=${String(form === 'bundle')}`,
          ...options,
          reference,
        ],
        { env, timeout: 60_000 },
      ),
  };
}

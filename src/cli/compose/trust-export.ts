import { join } from 'node:path';
import { makeFolder, writeFileAtomic } from '../../adapters/atomic-file.ts';
import { certificateFileLimit } from '../../adapters/certificate-files.ts';
import { parsePublicKeys } from '../../adapters/openpgp/public-keys.ts';
import { readSmallFile } from '../../adapters/small-file.ts';
import { SignpostError } from '../../oci/errors.ts';
import {
  type TrustFile,
  type TrustedRule,
  createTrustFiles,
  describeGaps,
} from '../../export/trust-files.ts';
import { parseVerifyingKeys } from '../../trust/verifying-key.ts';
import type { Config } from '../config-schema.ts';
import { readKeyFile } from './format-readers.ts';
import { readTrustedRoots } from './trusted-roots.ts';

export interface ExportedTrust {
  readonly files: readonly TrustFile[];
  readonly notes: readonly string[];
}

/** Writes what clients need to trust what the configuration trusts. */
export async function composeTrustExport(config: Config, folder: string): Promise<ExportedTrust> {
  if (config.repositories.length === 0) {
    throw new SignpostError(
      'CONFIG_INVALID',
      'the configuration has no repositories: there are no keys to export',
    );
  }
  const rules = await Promise.all(config.repositories.map(readRule));
  const files = createTrustFiles(config.registry.name, rules);
  for (const { path, bytes } of files) {
    const target = join(folder, path);
    await makeFolder(join(target, '..'));
    await writeFileAtomic(target, Buffer.from(bytes));
  }
  return { files, notes: describeGaps(rules) };
}

// Every key is read as accept reads it: what goes to clients is never a private key by mistake.
async function readRule(rule: Config['repositories'][number]): Promise<TrustedRule> {
  const { match, formats, threshold, keys, cosignKeys, notationRoots } = rule;
  const rings = await Promise.all(keys.map(readKeyFile));
  const openpgp = await Promise.all(rings.map(({ name, bytes }) => parsePublicKeys(bytes, name)));
  const cosign = await Promise.all(cosignKeys.map(readKeyFile));
  for (const { name, bytes } of cosign) parseVerifyingKeys(bytes, name);
  await Promise.all(notationRoots.map(readTrustedRoots));
  return {
    match,
    formats,
    threshold,
    openpgp: Buffer.concat(openpgp.flat().map((key) => key.write())),
    cosign: cosign.map(({ bytes }) => bytes),
    notation: await Promise.all(notationRoots.map((path) => readSmallFile(path, certificateFileLimit))),
  };
}

import { join } from 'node:path';
import { Command } from 'commander';
import { makeFolder, writeFileAtomic } from '../../adapters/files/atomic-file.ts';
import { certificateFileLimit, parseCertificates } from '../../adapters/keys/certificate-files.ts';
import { parsePublicKeys } from '../../adapters/openpgp/public-keys.ts';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { SignpostError } from '../../oci/errors.ts';
import { createMetadataTrustFiles } from '../../client/export/metadata-trust-files.ts';
import type { TrustFile } from '../../client/export/trust-file.ts';
import { createTrustFiles, describeGaps } from '../../client/export/trust-files.ts';
import type { TrustedRule } from '../../client/export/trusted-rule.ts';
import { isMetadataFormat } from '../../trust/metadata-file.ts';
import { isSignatureFormat } from '../../trust/signature-format.ts';
import { parseVerifyingKeys } from '../../trust/verifying-key.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import type { Config } from '../config/config-schema.ts';
import { readKeyFile } from '../trust/format-readers.ts';
import { readTrustedMetadata } from './compose-trusted-metadata.ts';
import { readTrustedRoots } from '../trust/trusted-roots.ts';

/** `signpost trust`: what others need to trust what this Signpost publishes. */
export function createCommand(terminal: Terminal): Command {
  return new Command('trust')
    .description('Export what clients need to verify signatures.')
    .addHelpText('after', '\nExample:\n  $ signpost trust export for-clients')
    .addCommand(createExport(terminal));
}

function createExport(terminal: Terminal): Command {
  return createVerb(
    'export',
    'Write configuration and key files for podman, CRI-O, skopeo, cosign, notation, TUF clients, notary and docker, and say where each file belongs on the client.',
    [
      'signpost trust export for-clients --config signpost.yaml',
      'signpost trust export for-clients --ca house-ca.pem',
    ],
  )
    .argument('<folder>', 'folder to write the files into')
    .option(
      '--ca <file>',
      "certificate authority (PEM) of the registry's TLS certificate, if clients do not trust it already",
    )
    .action(async (folder: string, options: CommonOptions & { readonly ca?: string }) => {
      const result = await composeTrustExport(loadConfig(options), folder, options.ca);
      printResult(terminal, options, toJson(folder, result), describe(folder, result));
    });
}

function describe(folder: string, { files, notes }: ExportedTrust): readonly string[] {
  return [
    ...files.flatMap(({ path, goesTo, reader }) => [
      join(folder, path),
      `  for ${reader}${goesTo === undefined ? '' : `: goes to ${goesTo}`}`,
    ]),
    ...notes.map((note) => `Note: ${note}`),
  ];
}

function toJson(folder: string, { files, notes }: ExportedTrust): object {
  return {
    files: files.map(({ path, goesTo, reader }) => ({ path: join(folder, path), reader, goesTo })),
    notes,
  };
}

interface ExportedTrust {
  readonly files: readonly TrustFile[];
  readonly notes: readonly string[];
}

/** Writes what clients need to trust what the configuration trusts. */
async function composeTrustExport(
  config: Config,
  folder: string,
  authority: string | undefined,
): Promise<ExportedTrust> {
  if (config.repositories.length === 0) {
    throw new SignpostError(
      'CONFIG_INVALID',
      'the configuration has no repositories: there are no keys to export',
    );
  }
  const rules = await waitForAll(config.repositories.map(readRule));
  const metadata = await readTrustedMetadata(config, createSystemClock());
  const { name } = config.registry;
  const files = [
    ...createTrustFiles(name, rules),
    ...createMetadataTrustFiles(name, metadata, await readAuthority(authority)),
  ];
  for (const { path, bytes } of files) {
    const target = join(folder, path);
    await makeFolder(join(target, '..'), 'umask');
    await writeFileAtomic(target, Buffer.from(bytes), 'umask');
  }
  return { files, notes: describeGaps(rules, metadata.notaryKeyIds.length > 0) };
}

// Every key is read as accept reads it: what goes to clients is never a private key by mistake.
async function readRule(rule: Config['repositories'][number]): Promise<TrustedRule> {
  const { match, formats, threshold, keys, cosignKeys, notationRoots } = rule;
  const rings = await waitForAll(keys.map(readKeyFile));
  const openpgp = rings.length === 0 ? [] : await parsePublicKeys(rings);
  const cosign = await waitForAll(cosignKeys.map(readKeyFile));
  const given = cosign.flatMap(({ name, bytes }) => parseVerifyingKeys(bytes, name));
  const byFingerprint = new Map(given.map(({ fingerprint, key }) => [fingerprint, key]));
  await waitForAll(notationRoots.map(readTrustedRoots));
  return {
    match,
    formats: formats.filter(isSignatureFormat),
    metadata: formats.filter(isMetadataFormat),
    threshold,
    openpgp: Buffer.concat(openpgp.map(({ bytes }) => bytes)),
    cosign: [...byFingerprint.values()].map((key) => key.export({ type: 'spki', format: 'pem' })),
    notation: await waitForAll(notationRoots.map((path) => readSmallFile(path, certificateFileLimit))),
  };
}

async function readAuthority(file: string | undefined): Promise<Uint8Array | undefined> {
  if (file === undefined) return undefined;
  const bytes = await readSmallFile(file, certificateFileLimit);
  parseCertificates(bytes, file);
  return bytes;
}

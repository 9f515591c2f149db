import { join } from 'node:path';
import { Command } from 'commander';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { configOf } from '../config/config-of.ts';
import { type ExportedTrust, composeTrustExport } from './compose-trust-export.ts';

/** `signpost trust`: what others need to trust what this Signpost publishes. */
export function createCommand(terminal: Terminal): Command {
  return new Command('trust')
    .description('Hand on what clients need to verify signatures.')
    .addHelpText('after', '\nExample:\n  $ signpost trust export for-clients')
    .addCommand(createExport(terminal));
}

function createExport(terminal: Terminal): Command {
  return createVerb(
    'export',
    'Write ready files for podman, CRI-O, skopeo, cosign, notation, TUF clients, notary and docker, made from the configuration, and say where each goes.',
    [
      'signpost trust export for-clients --config signpost.yaml',
      'signpost trust export for-clients --ca house-ca.pem',
    ],
  )
    .argument('<folder>', 'where to write them')
    .option('--ca <file>', "who issued the registry's TLS certificate (PEM), where clients do not know it")
    .action(async (folder: string, options: CommonOptions & { readonly ca?: string }) => {
      const result = await composeTrustExport(configOf(options), folder, options.ca);
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

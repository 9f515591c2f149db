import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import {
  type RegistryHost,
  type RepositoryName,
  type TaggedReference,
  formatTaggedReference,
  parseRegistryHost,
  parseRepositoryName,
} from '../../oci/reference.ts';
import { refuseOldDatabase } from '../../origin/accept/place-publication.ts';
import { createNewFile } from '../../adapters/files/new-file.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import { contentLock } from '../../ports/lock.ts';
import { type WrittenRequest, writeRequest } from '../../origin/request/write-request.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadCheckedConfig } from '../checks/checked-config.ts';
import { type SealKeySource, openSealSigner, sealKeySource } from '../keys/seal-signer.ts';
import { plural } from '../terminal/plural.ts';
import type { LoadedConfig } from '../config/config.ts';
import { requireRule, requireRules } from '../config/required-rule.ts';
import { type Content, composeContent } from '../records/content.ts';

interface RequestOptions extends CommonOptions {
  readonly output?: string;
  readonly repository?: readonly string[];
  readonly requesterKey?: string;
  readonly requesterPassphraseFile?: string;
}

/** `signpost request`: writes what waits for a signature into one file. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'request',
    'Write a signing request: one file with every image that waits for a signature, to carry to the signer.',
    [
      'signpost request -o monday.request',
      'signpost request --repository fedora/base --repository fedora/toolbox',
      'signpost request --requester-key /etc/signpost/requester.pem',
    ],
  )
    .option('-o, --output <file>', 'file to write (default: signing-request-<serial>.request)')
    .option('--repository <name...>', 'only these repositories')
    .option('--requester-key <file>', 'private key in PEM (Ed25519 or ECDSA) that seals the request')
    .option(
      '--requester-passphrase-file <file>',
      "file whose first line is that key's passphrase (default: ask for it)",
    )
    .action(async (options: RequestOptions) => {
      const wanted = options.repository?.map(parseRepositoryName);
      const { path, serial, images } = await composeRequest(
        await loadCheckedConfig(options, 'publishing'),
        options.output,
        (repository) => wanted?.includes(repository) ?? true,
        requesterKey(terminal, options),
      );
      const json = {
        file: path,
        serial,
        images: images.map(({ repository, tag, list }) => ({ repository, tag, list })),
      };
      printResult(terminal, options, json, [
        ...images.map(({ repository, tag, list }) => `${repository}:${tag}  ${list}`),
        `Request ${serial} for ${plural(images.length, 'image')} is in ${path}.`,
        `Carry it to the signer: signpost sign ${path} --key <file>`,
      ]);
    });
}

function requesterKey(terminal: Terminal, options: RequestOptions): SealKeySource | undefined {
  const { requesterKey: path, requesterPassphraseFile: passphraseFile } = options;
  return path === undefined
    ? undefined
    : sealKeySource(terminal, path, passphraseFile, '--requester-passphrase-file');
}

/** Writes a signing request into `output`, or into the working folder under a name with its serial. */
async function composeRequest(
  config: LoadedConfig,
  output: string | undefined,
  wanted: (repository: RepositoryName) => boolean,
  requesterKey?: SealKeySource,
): Promise<WrittenRequest> {
  requireRules(config);
  const registry = parseRegistryHost(config.registry.name);
  // Asks for a passphrase before anything is locked.
  const requester: SealSigner | undefined =
    requesterKey === undefined ? undefined : await openSealSigner(requesterKey);
  await using content = await composeContent(config, 'request');
  await using _held = await content.lock.acquire(contentLock);
  await refuseOldDatabase(content);
  for (const image of await content.stagedImages.list()) {
    if (wanted(image.repository)) requireStagedRule(config, image);
  }
  const deps = {
    ...content,
    registry,
    findPublished: createFinder(registry, content),
    nonce: () => randomBytes(16).toString('hex'),
    createFile: (serial: number) => createNewFile(output ?? `signing-request-${serial}.request`),
    requester,
  };
  return await writeRequest(deps, wanted);
}

// A rule may have gone since the image was staged.
function requireStagedRule(config: LoadedConfig, image: TaggedReference): void {
  try {
    requireRule(config, image.repository);
  } catch (cause) {
    if (!isSignpostError(cause)) throw cause;
    const name = formatTaggedReference(image);
    throw new SignpostError(
      cause.code,
      `${cause.message}; or discard what is staged: signpost staged discard ${name}`,
      { cause },
    );
  }
}

/** Finds the signatures that the tree has for the list of a tag, those for this tag where they can be told apart. */
function createFinder(
  registry: RegistryHost,
  { publications, tree }: Pick<Content, 'publications' | 'tree'>,
): (target: TaggedReference) => Promise<readonly Uint8Array[]> {
  return async (target) => {
    const list = (await publications.findTag(target.repository, target.tag))?.list;
    if (list === undefined) return [];
    const all = await tree.readSignatures(target.repository, list);
    const own = all.filter((message) =>
      Buffer.from(message).includes(`"${registry}/${formatTaggedReference(target)}"`),
    );
    // A compressed message does not show what it is for: the signer sees it.
    return own.length > 0 ? own : all;
  };
}

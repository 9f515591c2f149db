import { randomBytes } from 'node:crypto';
import { createNewFile } from '../../adapters/new-file.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import {
  type RegistryHost,
  type RepositoryName,
  type TaggedReference,
  formatTaggedReference,
  parseRegistryHost,
} from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { type WrittenRequest, writeRequest } from '../../request/write-request.ts';
import type { Config } from '../config-schema.ts';
import { type Content, composeContent } from './content.ts';
import { type SealKeySource, openSealSigner } from './seal-signer.ts';

/** Writes a signing request into `output`, or into the working folder under a name with its serial. */
export async function composeRequest(
  config: Config,
  output: string | undefined,
  wanted: (repository: RepositoryName) => boolean,
  requesterKey?: SealKeySource,
): Promise<WrittenRequest> {
  const registry = parseRegistryHost(config.registry.name);
  // Asks for a passphrase before anything is locked.
  const requester: SealSigner | undefined =
    requesterKey === undefined ? undefined : await openSealSigner(requesterKey);
  await using content = await composeContent(config, 'request');
  await using _held = await content.lock.acquire(contentLock);
  const deps = {
    ...content,
    registry,
    findPublished: createFinder(registry, content),
    nonce: () => randomBytes(16).toString('hex'),
    createFile: (serial: number) => createNewFile(output ?? `signing-request-${serial}.jsonl`),
    ...(requester === undefined ? {} : { requester }),
  };
  return await writeRequest(deps, wanted);
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

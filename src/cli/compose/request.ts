import { randomBytes } from 'node:crypto';
import { createNewFile } from '../../adapters/new-file.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import { type RepositoryName, parseRegistryHost } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { type WrittenRequest, writeRequest } from '../../request/write-request.ts';
import type { Config } from '../config-schema.ts';
import { composeContent } from './content.ts';
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
  using content = composeContent(config, 'request');
  using _held = content.lock.acquire(contentLock);
  const deps = {
    ...content,
    registry,
    nonce: () => randomBytes(16).toString('hex'),
    createFile: (serial: number) => createNewFile(output ?? `signing-request-${serial}.jsonl`),
    ...(requester === undefined ? {} : { requester }),
  };
  return await writeRequest(deps, wanted);
}

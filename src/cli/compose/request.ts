import { randomBytes } from 'node:crypto';
import { createNewFile } from '../../adapters/new-file.ts';
import { type RepositoryName, parseRegistryHost } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { type WrittenRequest, writeRequest } from '../../request/write-request.ts';
import type { Config } from '../config-schema.ts';
import { composeContent } from './content.ts';

/** Writes a signing request into `output`, or into the working folder under a name with its serial. */
export async function composeRequest(
  config: Config,
  output: string | undefined,
  wanted: (repository: RepositoryName) => boolean,
): Promise<WrittenRequest> {
  const registry = parseRegistryHost(config.registry.name);
  using content = composeContent(config, 'request');
  using _held = content.lock.acquire(contentLock);
  const deps = {
    ...content,
    registry,
    nonce: () => randomBytes(16).toString('hex'),
    createFile: (serial: number) => createNewFile(output ?? `signing-request-${serial}.jsonl`),
  };
  return await writeRequest(deps, wanted);
}

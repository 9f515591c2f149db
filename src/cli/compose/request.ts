import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createFileStaging } from '../../adapters/file-staging.ts';
import { createNewFile } from '../../adapters/new-file.ts';
import { createProcessLock } from '../../adapters/process-lock.ts';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { createSqliteStagedImages } from '../../adapters/sqlite/staged-images.ts';
import { createSystemClock } from '../../adapters/system-clock.ts';
import { type RepositoryName, parseRegistryHost } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { type WrittenRequest, writeRequest } from '../../request/write-request.ts';
import type { Config } from '../config-schema.ts';

/** Writes a signing request into `output`, or into the working folder under a name with its serial. */
export async function composeRequest(
  config: Config,
  output: string | undefined,
  wanted: (repository: RepositoryName) => boolean,
): Promise<WrittenRequest> {
  const registry = parseRegistryHost(config.registry.name);
  const clock = createSystemClock();
  const lock = createProcessLock(join(config.data, 'locks'), 'request', clock);
  using _held = lock.acquire(contentLock);
  const database = openDatabase(join(config.data, 'signpost.db'));
  try {
    return await writeRequest(
      {
        registry,
        stagedImages: createSqliteStagedImages(database),
        staging: createFileStaging(join(config.data, 'staging')),
        clock,
        nonce: () => randomBytes(16).toString('hex'),
        createFile: (serial) => createNewFile(output ?? `signing-request-${serial}.jsonl`),
      },
      wanted,
    );
  } finally {
    database.close();
  }
}

import { remoteSerials } from '../../adapters/admin-client/remote-records.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { PropagationSample } from '../../ports/propagation.ts';
import type { Config } from '../config/config-schema.ts';
import type { ServerOptions } from '../records/server-options.ts';
import { composeRemoteRecords } from '../records/remote-records.ts';
import { openStorage } from '../records/storage.ts';

interface Wish extends ServerOptions {
  /** How many publications. */
  readonly limit: number;
}

/** How the newest publications spread over the mirrors, from the data that `readConfig` names, or from a server. */
export async function composePropagation(
  options: Wish,
  readConfig: () => Config,
): Promise<readonly PropagationSample[]> {
  const { limit } = options;
  const remote = await composeRemoteRecords(options);
  if (remote !== undefined) {
    if (limit <= remoteSerials) return remote.propagation(limit);
    throw new SignpostError(
      'USAGE',
      `--limit is ${limit}: a server tells of ${remoteSerials} publications at most`,
    );
  }
  await using storage = await openStorage(readConfig(), createSystemClock());
  return await storage.propagation.list(limit);
}

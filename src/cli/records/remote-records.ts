import { type RemoteRecords, createRemoteRecords } from '../../adapters/admin-client/remote-records.ts';
import type { ServerOptions } from './server-options.ts';
import { composeAdminClient } from './admin-client.ts';

/**
 * What the server that the options name has written down; undefined when they name none.
 * @throws SignpostError USAGE, NOT_FOUND, CONFIG_INVALID
 */
export async function composeRemoteRecords(options: ServerOptions): Promise<RemoteRecords | undefined> {
  const client = await composeAdminClient(options);
  return client === undefined ? undefined : createRemoteRecords(client);
}

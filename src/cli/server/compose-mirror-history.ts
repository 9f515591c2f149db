import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { StoredMirrorEvent } from '../../ports/mirror-history.ts';
import type { Config } from '../config/config-schema.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';
import type { ServerOptions } from '../records/server-options.ts';
import { composeRemoteRecords } from '../records/remote-records.ts';
import { openStorage } from '../records/storage.ts';

/**
 * The last events of a mirror, the newest first: from the data that `readConfig` names, or from a server.
 * @throws SignpostError
 */
export async function readMirrorHistory(
  options: ServerOptions,
  readConfig: () => Config,
  name: string,
  limit: number,
): Promise<readonly Omit<StoredMirrorEvent, 'mirror'>[]> {
  const remote = await composeRemoteRecords(options);
  if (remote !== undefined) return remote.history(name, limit);
  const config = readConfig();
  refuseFrontEnd(config);
  await using storage = await openStorage(config, createSystemClock());
  const mirror = (await storage.mirrorRegistry.list()).find((known) => known.name === name);
  if (mirror === undefined) throw new SignpostError('NOT_FOUND', `there is no mirror named ${quote(name)}`);
  return await storage.mirrorHistory.list(mirror.id, { limit });
}

import { createSystemClock } from '../../adapters/system-clock.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { StoredMirrorEvent } from '../../ports/mirror-history.ts';
import type { Config } from '../config-schema.ts';
import { openStorage } from './storage.ts';

/**
 * The last events of a mirror, the newest first.
 * @throws SignpostError NOT_FOUND, STORAGE
 */
export async function readMirrorHistory(
  config: Config,
  name: string,
  limit: number,
): Promise<readonly StoredMirrorEvent[]> {
  await using storage = await openStorage(config, createSystemClock());
  const mirror = (await storage.mirrorRegistry.list()).find((known) => known.name === name);
  if (mirror === undefined) throw new SignpostError('NOT_FOUND', `there is no mirror named ${quote(name)}`);
  return await storage.mirrorHistory.list(mirror.id, { limit });
}

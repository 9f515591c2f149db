import { createSystemClock } from '../../adapters/system-clock.ts';
import type { PropagationSample } from '../../ports/propagation.ts';
import type { Config } from '../config-schema.ts';
import { openStorage } from './storage.ts';

/** How the newest `serials` publications spread over the mirrors. */
export async function composePropagation(
  config: Config,
  serials: number,
): Promise<readonly PropagationSample[]> {
  await using storage = await openStorage(config, createSystemClock());
  return await storage.propagation.list(serials);
}

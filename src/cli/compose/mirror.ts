import { createSystemClock } from '../../adapters/system-clock.ts';
import type { Netblock } from '../../mirrors/address.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { MirrorStates } from '../../ports/mirror-states.ts';
import type { Config } from '../config-schema.ts';
import { readNetblocks } from '../netblock-settings.ts';
import { openStorage } from './storage.ts';

export interface MirrorCommandParts extends AsyncDisposable {
  readonly registry: MirrorRegistry;
  /** As the server last saw them. */
  readonly states: Pick<MirrorStates, 'load'>;
  /** Addresses that mirrors may have although they lead inside. */
  readonly allowed: readonly Netblock[];
}

/** What `signpost mirror` works with. */
export async function composeMirror(config: Config): Promise<MirrorCommandParts> {
  const allowed = readNetblocks('mirrors.allowAddresses', config.mirrors.allowAddresses);
  const storage = await openStorage(config, createSystemClock());
  return {
    registry: storage.mirrorRegistry,
    states: storage.mirrorStates,
    allowed,
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
}

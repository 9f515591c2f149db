import { join } from 'node:path';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { createMirrorRegistry } from '../../adapters/sqlite/mirror-registry.ts';
import { createMirrorStates } from '../../adapters/sqlite/mirror-states.ts';
import type { Netblock } from '../../mirrors/address.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { MirrorStates } from '../../ports/mirror-states.ts';
import type { Config } from '../config-schema.ts';
import { readNetblocks } from '../netblock-settings.ts';

export interface MirrorCommandParts extends Disposable {
  readonly registry: MirrorRegistry;
  /** As the server last saw them. */
  readonly states: Pick<MirrorStates, 'load'>;
  /** Addresses that mirrors may have although they lead inside. */
  readonly allowed: readonly Netblock[];
}

/** What `signpost mirror` works with. */
export function composeMirror(config: Config): MirrorCommandParts {
  const allowed = readNetblocks('mirrors.allowAddresses', config.mirrors.allowAddresses);
  const database = openDatabase(join(config.data, 'signpost.db'));
  return {
    registry: createMirrorRegistry(database),
    states: createMirrorStates(database),
    allowed,
    [Symbol.dispose]: () => database.close(),
  };
}

import { join } from 'node:path';
import { openDatabase } from '../../adapters/sqlite/database.ts';
import { createMirrorRegistry } from '../../adapters/sqlite/mirror-registry.ts';
import type { Netblock } from '../../mirrors/address.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { Config } from '../config-schema.ts';
import { readNetblocks } from '../netblock-settings.ts';

export interface MirrorCommandParts extends Disposable {
  readonly registry: MirrorRegistry;
  /** Special addresses that mirrors may have. */
  readonly allowed: readonly Netblock[];
}

/** What `signpost mirror` works with. */
export function composeMirror(config: Config): MirrorCommandParts {
  const allowed = readNetblocks('mirrors.allowAddresses', config.mirrors.allowAddresses);
  const database = openDatabase(join(config.data, 'signpost.db'));
  return { registry: createMirrorRegistry(database), allowed, [Symbol.dispose]: () => database.close() };
}

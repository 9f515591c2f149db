import { createRemoteMirrorRegistry } from '../../adapters/admin-client/remote-mirror-registry.ts';
import { type RemoteRecords, createRemoteRecords } from '../../adapters/admin-client/remote-records.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { loadConfig } from '../config/config.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';
import type { CommonOptions } from '../terminal/command.ts';
import { composeAdminClient } from './admin-client.ts';
import { localUser } from './local-user.ts';
import { type MirrorRecords, createLocalMirrors, createRemoteMirrors, findMirror } from './mirror-records.ts';
import type { ServerOptions } from './server-options.ts';
import { openStorage } from './storage.ts';

/** What is written down: in the database here, or on a server far away. */
export interface Records extends RemoteRecords, AsyncDisposable {
  /** @throws SignpostError CONFIG_INVALID at a front end */
  mirrors(): MirrorRecords;
}

/**
 * The records of the server that the options name, over its management API; otherwise those in the database that the
 * configuration names.
 * @throws SignpostError USAGE, NOT_FOUND, CONFIG_INVALID, STORAGE
 */
export async function openRecords(options: CommonOptions & ServerOptions): Promise<Records> {
  const clock = createSystemClock();
  const by = { who: localUser(), at: clock.now() };
  const client = await composeAdminClient(options);
  if (client !== undefined) {
    return {
      ...createRemoteRecords(client),
      mirrors: () => createRemoteMirrors(createRemoteMirrorRegistry(client), by),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const config = loadConfig(options);
  const storage = await openStorage(config, clock);
  return {
    audit: storage.audit,
    async history(name, limit) {
      refuseFrontEnd(config);
      const mirror = findMirror(await storage.mirrorRegistry.list(), name);
      return storage.mirrorHistory.list(mirror.id, { limit });
    },
    statistics({ by, since, limit }) {
      // Each request has one kind of client, so that these make up all of a day.
      const grouping =
        by === 'day' ? ({ dimension: 'client', by } as const) : ({ dimension: by, by: 'value' } as const);
      return storage.statistics.sum({ ...grouping, since, limit });
    },
    propagation: (serials) => storage.propagation.list(serials),
    mirrors: () => createLocalMirrors(config, storage, by),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
}

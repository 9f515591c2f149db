import { createRemoteMirrorRegistry } from '../../adapters/admin-client/remote-mirror-registry.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import { parseNetblock } from '../../net/netblock.ts';
import type { AllowedAddresses } from '../../mirrors/parse-mirror-url.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { Author } from '../../ports/audit-log.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { Config } from '../config/config-schema.ts';
import { readAllowedAddresses } from '../config/netblock-settings.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';
import type { ServerOptions } from '../records/server-options.ts';
import { composeAdminClient } from '../records/admin-client.ts';
import { localUser } from '../records/local-user.ts';
import { openStorage } from '../records/storage.ts';

export interface MirrorCommandParts extends AsyncDisposable {
  readonly registry: MirrorRegistry;
  /** Who is at the command line. A server far away writes down whose token it is. */
  readonly by: Author;
  /** As the server last saw them. */
  readonly states: { load(): Promise<ReadonlyMap<MirrorId, MirrorState>> };
  readonly allowed: AllowedAddresses;
  /** A mirror by its name; throws NOT_FOUND. */
  find(name: string): Promise<Mirror>;
  /** The same with its state. */
  show(name: string): Promise<{ readonly mirror: Mirror; readonly state: MirrorState | undefined }>;
  /** The newest publication. */
  newest(): Promise<number>;
}

/** Which addresses a server far away allows is for it to say. */
const everything = [parseNetblock('0.0.0.0/0'), parseNetblock('::/0')];

/**
 * What `signpost mirror` works with: the data that `readConfig` names, or a server's management API.
 * @throws SignpostError
 */
export async function composeMirror(
  options: ServerOptions,
  readConfig: () => Config,
): Promise<MirrorCommandParts> {
  const clock = createSystemClock();
  const by = { who: localUser(), at: clock.now() };
  const client = await composeAdminClient(options);
  if (client !== undefined) {
    const registry = createRemoteMirrorRegistry(client);
    const states = { load: () => registry.states() };
    return {
      registry,
      by,
      states,
      allowed: { mirrors: everything, webhooks: everything },
      find: (name) => findByName(registry, name),
      show: (name) => registry.show(name),
      newest: () => registry.newest(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const config = readConfig();
  refuseFrontEnd(config);
  const allowed = readAllowedAddresses(config);
  const storage = await openStorage(config, clock);
  return {
    registry: storage.mirrorRegistry,
    by,
    states: storage.mirrorStates,
    allowed,
    find: (name) => findByName(storage.mirrorRegistry, name),
    async show(name) {
      const mirror = await findByName(storage.mirrorRegistry, name);
      return { mirror, state: (await storage.mirrorStates.load()).get(mirror.id) };
    },
    newest: async () => (await storage.publications.serials()).serial,
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
}

async function findByName(registry: MirrorRegistry, name: string): Promise<Mirror> {
  const mirror = (await registry.list()).find((mirror) => mirror.name === name);
  if (mirror !== undefined) return mirror;
  throw new SignpostError(
    'NOT_FOUND',
    `there is no mirror named ${quote(name)}: "signpost mirror list" shows their names`,
  );
}

import type { RemoteMirrorRegistry } from '../../adapters/admin-client/remote-mirror-registry.ts';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { AllowedAddresses } from '../../mirrors/parse-mirror-url.ts';
import { parseNetblock } from '../../net/netblock.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { Author } from '../../ports/audit-log.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { Storage } from '../../ports/storage.ts';
import type { Config } from '../config/config-schema.ts';
import { readAllowedAddresses } from '../config/netblock-settings.ts';
import { refuseFrontEnd } from '../config/refuse-front-end.ts';

/** The mirrors, and what the server last saw of them. */
export interface MirrorRecords {
  readonly registry: MirrorRegistry;
  readonly allowed: AllowedAddresses;
  /** Who is at the command line. A server far away writes down whose token it is. */
  readonly by: Author;
  states(): Promise<ReadonlyMap<MirrorId, MirrorState>>;
  /** One mirror and its state; throws NOT_FOUND. */
  show(name: string): Promise<{ readonly mirror: Mirror; readonly state: MirrorState | undefined }>;
  /** The newest publication. */
  newest(): Promise<number>;
}

/** @throws SignpostError CONFIG_INVALID at a front end */
export function createLocalMirrors(config: Config, storage: Storage, by: Author): MirrorRecords {
  refuseFrontEnd(config);
  return {
    registry: storage.mirrorRegistry,
    allowed: readAllowedAddresses(config),
    by,
    states: () => storage.mirrorStates.load(),
    async show(name) {
      const mirror = findMirror(await storage.mirrorRegistry.list(), name);
      return { mirror, state: (await storage.mirrorStates.load()).get(mirror.id) };
    },
    newest: async () => (await storage.publications.serials()).serial,
  };
}

/** Which addresses a server far away allows is for it to say. */
const everything = [parseNetblock('0.0.0.0/0'), parseNetblock('::/0')];

export function createRemoteMirrors(registry: RemoteMirrorRegistry, by: Author): MirrorRecords {
  return {
    registry,
    allowed: { mirrors: everything, webhooks: everything },
    by,
    states: () => registry.states(),
    show: (name) => registry.show(name),
    newest: () => registry.newest(),
  };
}

/** @throws SignpostError NOT_FOUND */
export function findMirror(mirrors: readonly Mirror[], name: string): Mirror {
  const mirror = mirrors.find((one) => one.name === name);
  if (mirror !== undefined) return mirror;
  throw new SignpostError(
    'NOT_FOUND',
    `there is no mirror named ${quote(name)}: "signpost mirror list" shows their names`,
  );
}

import type { IncomingMessage } from 'node:http';
import { createEventLoopTurns } from '../../adapters/time/event-loop-turns.ts';
import { createFetchListener } from '../../adapters/http-server/fetch-listener.ts';
import { type HttpServer, defaultLimits, listenHttp } from '../../adapters/http-server/http-server.ts';
import { createFileSnapshotOffer } from '../../adapters/front-end/file-snapshot-offer.ts';
import { findAddresses } from '../../adapters/http-client/find-addresses.ts';
import { createMirrorAddressResolver } from '../../adapters/http-client/mirror-address-resolver.ts';
import { createAdminApi } from '../../server/admin/create-admin-api.ts';
import { createGate } from '../../server/admin/gate.ts';
import { type RoutesDeps, createRoutes } from '../../server/admin/routes.ts';
import type { Netblock } from '../../net/address.ts';
import { createOriginFinder } from '../../net/client-address.ts';
import type { AuditLog } from '../../ports/audit-log.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { Tokens } from '../../ports/tokens.ts';
import type { Config } from '../config/config-schema.ts';
import { version } from '../terminal/version.ts';
import { foldersOf } from '../records/content.ts';

export interface AdminParts extends Pick<
  RoutesDeps,
  | 'states'
  | 'history'
  | 'record'
  | 'staged'
  | 'statistics'
  | 'propagation'
  | 'serial'
  | 'report'
  | 'checkedAt'
  | 'webhookSecretOf'
  | 'allowed'
> {
  readonly registry: MirrorRegistry;
  readonly tokens: Tokens;
  readonly audit: AuditLog;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
  readonly trustedProxies: readonly Netblock[];
}

/** A management API has few clients. */
const limits = { ...defaultLimits, maxConnections: 500 };
/** Milliseconds of work for the management API after which pulls get their turn. */
const longestPiece = 5;
/** A name that takes longer to resolve is left to the probes. In milliseconds. */
const resolveTimeout = 3000;

/**
 * Starts the management API, if it is configured.
 * @throws SignpostError CONFIG_INVALID
 */
export async function composeAdmin(config: Config, parts: AdminParts): Promise<HttpServer | undefined> {
  const { admin } = config;
  if (admin.listen.length === 0) return undefined;
  const { registry, clock, log, tokens, allowed } = parts;
  const app = createAdminApi({
    routes: createRoutes({
      ...parts,
      snapshotOffer: createFileSnapshotOffer(foldersOf(config).frontEnds),
      refusalOf: createRefusal(allowed),
      pause: createEventLoopTurns(longestPiece),
      version,
    }),
    gate: createGate({ tokens, clock, requestsPerMinute: admin.requestsPerMinute }),
    ownsMirror: async ({ mirror: id }, name) =>
      (await registry.list()).some((mirror) => mirror.id === id && mirror.name === name),
    version,
    clock,
    log,
  });
  const origins = createOriginFinder(parts.trustedProxies);
  const listener = createFetchListener(
    (request, env: { address: string }) => app.fetch(request, env),
    (incoming) => ({
      address: origins.find(origins.peerOf(incoming.socket.remoteAddress), claimsOf(incoming)).address,
    }),
  );
  return listenHttp(admin.listen, listener, log, limits, parts.trustedProxies);
}

function claimsOf({ socket, headers }: IncomingMessage) {
  const first = (value: string | string[] | undefined) => (Array.isArray(value) ? value.join(',') : value);
  return {
    encrypted: 'encrypted' in socket,
    forwardedFor: first(headers['x-forwarded-for']),
    forwardedProto: first(headers['x-forwarded-proto']),
  };
}

/** Why probes may not connect to where a URL leads now; a name that does not resolve is left to the probes. */
function createRefusal(allowed: RoutesDeps['allowed']): RoutesDeps['refusalOf'] {
  return async (url) => {
    const resolver = createMirrorAddressResolver(allowed().mirrors, 'mirrors.allowAddresses');
    const found = await findAddresses(resolver, new URL(url), {}, AbortSignal.timeout(resolveTimeout));
    return !found.ok && found.reason === 'not-allowed' ? found.detail : undefined;
  };
}

import { type Digest, digestHex } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Exchange, RouteNote } from './exchange.ts';
import { ociError } from './oci-error.ts';
import { createOriginBlobs } from './origin-blobs.ts';
import type { RegistryDeps } from './registry-deps.ts';
import { type BlobRoute, routeBlob } from './route-blob.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError } from './send-error.ts';

/** Answers requests for blobs. Synchronous unless the origin reads the bytes itself. */
export type AnswerBlob = (
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  digest: Digest,
) => void | Promise<void>;

export function createAnswerBlob(deps: RegistryDeps): AnswerBlob {
  const { settings, reasks, probes } = deps;
  const origin = createOriginBlobs(deps.tree, deps.originStreams);

  return (exchange, snapshot, repository, digest) => {
    const { client, began: now } = exchange;
    const range = exchange.header('range');
    const { inlineSize, alternatives } = settings;
    const route = routeBlob(
      { method: exchange.method, repository, digest, client, range, now },
      { snapshot, mirrors: deps.mirrors(), reasks, inlineSize, alternatives },
    );
    exchange.routed = route;
    exchange.route = () => noteOf(route);
    if ('suspect' in route && route.suspect !== undefined) {
      probes.onSuspect(route.suspect, { repository, digest, size: route.blob.size });
    }
    switch (route.outcome) {
      case 'unknown':
        return sendUnknown(exchange, snapshot, repository, digest);
      case 'described':
        return origin.describe(exchange, digest, route.blob);
      case 'in-place':
        return origin.sendSmall(exchange, repository, digest, route.blob);
      case 'redirected': {
        const { mirror } = route.target;
        reasks.sent({
          address: client.address,
          digest,
          mirror: mirror.id,
          rangeStart: route.rangeStart,
          now,
        });
        probes.onSent(mirror.id, { repository, digest, size: route.blob.size });
        return exchange.answer(307, redirectHeaders(route, repository, digest));
      }
      case 'from-origin-after-failures':
      case 'from-origin-without-mirror':
        return origin.send(exchange, repository, digest, route.blob);
    }
  };
}

type Redirected = Extract<BlobRoute, { outcome: 'redirected' }>;

function redirectHeaders(route: Redirected, repository: RepositoryName, digest: Digest): readonly string[] {
  const path = `/v2/${repository}/blobs/${digest}`;
  const headers = [
    'Location',
    route.target.url + path,
    'Content-Length',
    '0',
    'Docker-Content-Digest',
    digest,
    'Repr-Digest',
    `sha-256=:${Buffer.from(digestHex(digest), 'hex').toString('base64')}:`,
    // Where this client goes is no business of another.
    'Cache-Control',
    'no-store',
  ];
  if (route.ranked.length > 1) headers.push('Link', formatLinks(route, path));
  return headers;
}

/** RFC 6249, section 3: the other mirrors, in the order in which to try them. */
function formatLinks({ ranked }: Redirected, path: string): string {
  let links = '';
  for (let index = 1; index < ranked.length; index += 1) {
    const other = ranked[index];
    if (other === undefined) break;
    const separator = index === 1 ? '' : ', ';
    links += `${separator}<${other.url}${path}>; rel=duplicate; pri=${index}; geo=${other.mirror.country.toLowerCase()}`;
  }
  return links;
}

function sendUnknown(
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  digest: Digest,
): void {
  const error =
    snapshot.tagNames(repository) === undefined
      ? ociError(404, 'NAME_UNKNOWN', `no repository "${repository}"`)
      : ociError(404, 'BLOB_UNKNOWN', `${repository} has no blob ${digest}`);
  sendError(exchange, error);
}

function noteOf(route: BlobRoute): RouteNote {
  if (!('tried' in route)) return route;
  const tried = route.tried.length === 0 ? undefined : route.tried.length;
  const rejected = route.rejected.length === 0 ? undefined : countReasons(route.rejected);
  if (route.outcome !== 'redirected') return { outcome: route.outcome, tried, rejected };
  const { mirror, tier, distance } = route.target;
  return { outcome: route.outcome, mirror: mirror.name, tier, distance, tried, rejected };
}

function countReasons(rejected: readonly { readonly reason: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { reason } of rejected) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

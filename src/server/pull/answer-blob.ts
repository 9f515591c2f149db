import { clientNetworkOf } from '../../net/client-network.ts';
import type { Client } from '../../mirrors/eligibility.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { accepts } from './accept.ts';
import { createTraceGate, sendMetalink, sendTrace } from './answer-blob-places.ts';
import { blobUrlPath, describedBy, duplicateLinks, reprDigest } from './blob-headers.ts';
import type { Exchange, RouteNote } from './exchange.ts';
import { metalinkType } from './format-metalink.ts';
import { ociError } from './oci-error.ts';
import { createOriginBlobs } from './origin-blobs.ts';
import type { RegistryDeps } from './registry-deps.ts';
import { avoidHeader, readAvoided } from './read-avoided.ts';
import { type BlobForm, type BlobRoute, routeBlob } from './route-blob.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError } from './send-error.ts';

/** Answers requests for blobs. Synchronous unless the origin reads the bytes itself. */
export type AnswerBlob = (
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  digest: Digest,
  form: BlobForm,
) => void | Promise<void>;

export function createAnswerBlob(deps: RegistryDeps): AnswerBlob {
  const { settings, reasks, probes } = deps;
  const origin = createOriginBlobs(deps.tree, deps.originStreams);

  const mayTrace = createTraceGate();

  return (exchange, snapshot, repository, digest, named) => {
    let client: Client = exchange.client;
    const now = exchange.began;
    const mirrors = deps.mirrors();
    const form = named === 'bytes' && wantsMetalink(exchange.header('accept')) ? 'metalink' : named;
    if (form === 'trace' && !mayTrace(exchange)) return;
    const avoid = exchange.header(avoidHeader);
    if (avoid !== undefined) {
      const avoided = readAvoided(avoid, mirrors);
      if (!avoided.ok) return sendError(exchange, ociError(400, 'UNSUPPORTED', avoided.reason));
      client = { ...client, avoided: avoided.mirrors };
    }
    const range = exchange.header('range');
    const agent = exchange.header('user-agent');
    const { connection } = exchange;
    const { inlineSize, alternatives } = settings;
    const route = routeBlob(
      { method: exchange.method, form, repository, digest, client, agent, connection, range, now },
      { snapshot, mirrors, reasks, inlineSize, alternatives },
    );
    exchange.routed = route;
    exchange.route = () => noteOf(route);
    if ('suspect' in route && route.suspect !== undefined) {
      probes.onSuspect(route.suspect, {
        target: { repository, digest, size: route.blob.size },
        network: clientNetworkOf(client.address),
        offset: route.part?.start,
      });
    }
    switch (route.outcome) {
      case 'unknown':
        return sendUnknown(exchange, snapshot, repository, digest);
      case 'metalink':
        for (const { mirror } of route.ranked) {
          probes.onSent(mirror.id, { repository, digest, size: route.blob.size });
        }
        return sendMetalink(exchange, settings.name, repository, digest, route);
      case 'traced':
        return sendTrace(exchange, client, route, settings.inlineSize);
      case 'described':
        return origin.describe(exchange, repository, digest, route.blob);
      case 'in-place':
        return origin.sendSmall(exchange, repository, digest, route.blob);
      case 'redirected': {
        const { mirror } = route.target;
        const { part } = route;
        reasks.sent({ address: client.address, agent, connection, digest, part, now }, mirror.id);
        probes.onSent(mirror.id, { repository, digest, size: route.blob.size }, route.ranked);
        return exchange.answer(307, redirectHeaders(route, repository, digest));
      }
      case 'from-origin-asked-again':
      case 'from-origin-without-mirror':
        return origin.send(exchange, repository, digest, route.blob);
    }
  };
}

type Redirected = Extract<BlobRoute, { outcome: 'redirected' }>;

function redirectHeaders(route: Redirected, repository: RepositoryName, digest: Digest): readonly string[] {
  const path = blobUrlPath(repository, digest);
  return [
    'Location',
    route.target.url + path,
    'Content-Length',
    '0',
    'Docker-Content-Digest',
    digest,
    'Repr-Digest',
    reprDigest(digest),
    // Where this client goes is no business of another.
    'Cache-Control',
    'no-store',
    'Vary',
    'Accept',
    'Link',
    duplicateLinks(route.ranked, path) + describedBy(path),
  ];
}

/** The type must be named: nobody who takes anything wants this instead of the blob. */
function wantsMetalink(accept: string | undefined): boolean {
  return accept?.includes('metalink4+xml') === true && accepts(accept, metalinkType);
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
  if (!('tried' in route)) return { outcome: route.outcome };
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

import { clientNetworkOf } from '../../net/client-network.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { createTraceGate, sendMetalink, sendTrace } from './answer-blob-places.ts';
import { blobUrlPath, describedBy, duplicateLinks, reprDigest } from './blob-headers.ts';
import type { Exchange, Handling } from './exchange.ts';
import { ociError } from './oci-error.ts';
import { createOriginBlobs } from './origin-blobs.ts';
import type { RegistryDeps } from './registry-deps.ts';
import { avoidHeader, readAvoided } from './read-avoided.ts';
import { type BlobForm, type BlobRequest, type BlobRoute, routeBlob } from './route-blob.ts';
import type { RoutingSnapshot } from './routing-snapshot.ts';
import { sendError } from './send-error.ts';

/** Answers a request for a blob. */
export type AnswerBlob = (
  exchange: Exchange,
  snapshot: RoutingSnapshot,
  repository: RepositoryName,
  digest: Digest,
  form: BlobForm,
) => Handling;

/** Reads the request, has {@link routeBlob} decide, tells whom it concerns, and answers. */
export function createAnswerBlob({ published, routing, settings }: RegistryDeps): AnswerBlob {
  const { retries, probes } = routing;
  const { inlineSize, alternatives } = settings;
  const origin = createOriginBlobs(published.tree, published.streams);
  const mayTrace = createTraceGate();

  const tell = (request: BlobRequest, routed: BlobRoute): void => {
    const { repository, digest, client } = request;
    if ('suspect' in routed && routed.suspect !== undefined) {
      probes.onSuspect(routed.suspect, {
        target: { repository, digest, size: routed.blob.size },
        network: clientNetworkOf(client.address),
        offset: routed.part?.start,
      });
    }
    if (routed.outcome === 'metalink') {
      for (const { mirror } of routed.ranked) {
        probes.onSent(mirror.id, { repository, digest, size: routed.blob.size });
      }
    } else if (routed.outcome === 'redirected') {
      const { mirror } = routed.target;
      const { agent, connection, now } = request;
      retries.sent({ address: client.address, agent, connection, digest, part: routed.part, now }, mirror.id);
      probes.onSent(mirror.id, { repository, digest, size: routed.blob.size }, routed.ranked);
    }
  };

  const answer = (
    exchange: Exchange,
    snapshot: RoutingSnapshot,
    { repository, digest, client }: BlobRequest,
    routed: BlobRoute,
  ): void | Promise<void> => {
    switch (routed.outcome) {
      case 'unknown':
        return sendUnknown(exchange, snapshot, repository, digest);
      case 'metalink':
        return sendMetalink(exchange, settings.name, repository, digest, routed);
      case 'traced':
        return sendTrace(exchange, client, routed, inlineSize);
      case 'described':
        return origin.describe(exchange, repository, digest, routed.blob);
      case 'in-place':
        return origin.sendSmall(exchange, repository, digest, routed.blob);
      case 'redirected':
        return exchange.answer(307, redirectHeaders(routed, repository, digest));
      case 'from-origin-asked-again':
      case 'from-origin-without-mirror':
        return origin.send(exchange, repository, digest, routed.blob);
    }
  };

  return (exchange, snapshot, repository, digest, form) => {
    if (form === 'trace' && !mayTrace(exchange)) return undefined;
    const mirrors = routing.mirrors();
    const avoided = readAvoided(exchange.header(avoidHeader), mirrors);
    if (!avoided.ok) return sendError(exchange, ociError(400, 'UNSUPPORTED', avoided.reason));
    const request: BlobRequest = {
      method: exchange.method,
      form,
      accept: exchange.header('accept'),
      repository,
      digest,
      client:
        avoided.mirrors === undefined ? exchange.client : { ...exchange.client, avoided: avoided.mirrors },
      agent: exchange.header('user-agent'),
      connection: exchange.connection,
      range: exchange.header('range'),
      now: exchange.began,
    };
    const routed = routeBlob(request, { snapshot, mirrors, retries, inlineSize, alternatives });
    tell(request, routed);
    return { routed, sending: answer(exchange, snapshot, request, routed) ?? undefined };
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

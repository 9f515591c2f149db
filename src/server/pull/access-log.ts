import type { Log } from '../../ports/log.ts';
import type { Exchange, Handled } from './exchange.ts';
import type { BlobRoute } from './route-blob.ts';

/**
 * One line for each request: what was asked for, what was answered, and for blobs why. Client addresses are in it, so
 * that an operator can follow a complaint; how long they are kept is for the log's own rotation.
 */
export function logExchange(log: Log, exchange: Exchange, { routed }: Handled, now: number): void {
  const { path, client } = exchange;
  const fields: Record<string, unknown> = {
    method: exchange.request.method,
    kind: path.kind,
    status: exchange.status,
    bytes: exchange.bytes,
    ms: Math.round(now - exchange.began),
    client: client.address,
    country: client.place.country,
  };
  if ('repository' in path) fields.repository = path.repository;
  if ('digest' in path) fields.digest = path.digest;
  if ('tag' in path) fields.tag = path.tag;
  if (routed !== undefined) noteRoute(fields, routed);
  log.info('request', fields);
}

/** Why a blob was answered as it was. Distances are in km; `tried` counts the mirrors that this client was sent to before. */
function noteRoute(fields: Record<string, unknown>, route: BlobRoute): void {
  fields.outcome = route.outcome;
  if (!('tried' in route)) return;
  if (route.outcome === 'redirected') {
    const { mirror, tier, distance } = route.target;
    fields.mirror = mirror.name;
    fields.tier = tier;
    fields.distance = distance;
  }
  if (route.tried.length > 0) fields.tried = route.tried.length;
  if (route.rejected.length > 0) fields.rejected = countReasons(route.rejected);
}

function countReasons(rejected: readonly { readonly reason: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { reason } of rejected) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}

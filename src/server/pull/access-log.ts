import type { Log } from '../../ports/log.ts';
import type { Exchange } from './exchange.ts';

/**
 * One line for each request: what was asked for, what was answered, and for blobs why. Client addresses are in it, so
 * that an operator can follow a complaint; how long they are kept is for the log's own rotation.
 */
export function logExchange(log: Log, exchange: Exchange, now: number): void {
  const { path, client } = exchange;
  const route = exchange.route?.();
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
  if (route !== undefined) {
    fields.outcome = route.outcome;
    fields.mirror = route.mirror;
    fields.tier = route.tier;
    fields.distance = route.distance;
    fields.tried = route.tried;
    fields.rejected = route.rejected;
  }
  log.info('request', fields);
}

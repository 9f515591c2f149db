import { createHmac } from 'node:crypto';

/**
 * The headers by which a receiver knows that a message is from here and is new: the time of sending in seconds, and an
 * HMAC-SHA256 under the hook's secret over the time, a full stop and the body.
 * @param now milliseconds since the epoch
 */
export function signatureHeaders(
  secret: string,
  body: string,
  now: number,
): Readonly<Record<string, string>> {
  const time = String(Math.floor(now / 1000));
  const mac = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return { 'signpost-timestamp': time, 'signpost-signature': `sha256=${mac}` };
}

/** The secret of one mirror's own webhook, made of the one that the operator keeps. */
export function secretOfMirror(secret: string, mirror: number): string {
  return createHmac('sha256', secret).update(`webhook of mirror ${mirror}`).digest('hex');
}

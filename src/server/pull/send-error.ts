import type { Exchange } from './exchange.ts';
import { type OciError, formatOciError } from './oci-error.ts';
import { visible } from '../../text/visible.ts';

/** Answers with an error in the form of the specification. Nobody keeps it: what is missing now may be there soon. */
export function sendError(exchange: Exchange, error: OciError, headers: readonly string[] = []): void {
  const body = Buffer.from(formatOciError(error));
  exchange.answer(
    error.status,
    [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(body.length),
      'Docker-Distribution-Api-Version',
      'registry/2.0',
      'Cache-Control',
      'no-store',
      // What a tag answers depends on it also when nothing fits.
      ...(exchange.path.kind === 'manifest-by-tag' ? ['Vary', 'Accept'] : []),
      ...headers,
    ],
    body,
  );
}

/** Answers with JSON that the next publication may change. */
export function sendJson(
  exchange: Exchange,
  value: unknown,
  contentType = 'application/json',
  headers: readonly string[] = [],
): void {
  sendJsonBody(exchange, Buffer.from(visible(JSON.stringify(value))), contentType, headers);
}

/** The same with JSON that has been made before. */
export function sendJsonBody(
  exchange: Exchange,
  body: Uint8Array,
  contentType = 'application/json',
  headers: readonly string[] = [],
): void {
  exchange.answer(
    200,
    [
      'Content-Type',
      contentType,
      'Content-Length',
      String(body.length),
      'Cache-Control',
      'no-cache',
      ...headers,
    ],
    body,
  );
}

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { parseDigest } from '../src/oci/digest.ts';
import { SignpostError } from '../src/oci/errors.ts';
import { manifestLimit } from '../src/oci/manifest.ts';

const timeout = 30_000;

/**
 * Makes a function that sends one HTTPS request, trusts only `authority` (PEM), follows no redirect, and hashes the
 * body while it reads it. Bodies no larger than a manifest may be are kept. It connects from `localAddress`.
 */
export function createHttpsFetch(authority: string, localAddress: string, signal: AbortSignal) {
  return async (method: 'GET' | 'HEAD', url: string, headers: Readonly<Record<string, string>>) => {
    try {
      const sent = request(url, {
        method,
        ca: authority,
        localAddress,
        family: 4,
        agent: false,
        timeout,
        signal,
        headers: { 'user-agent': 'demo-pull', ...headers },
      });
      sent.once('timeout', () => sent.destroy(new Error(`no answer in ${timeout / 1000} s`)));
      sent.end();
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return await readAnswer(response);
    } catch (cause) {
      throw new SignpostError('UNAVAILABLE', `cannot fetch ${url}: ${(cause as Error).message}`, { cause });
    }
  };
}

async function readAnswer(response: IncomingMessage) {
  const hash = createHash('sha256');
  const kept: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    hash.update(piece);
    size += piece.length;
    if (size <= manifestLimit) kept.push(piece);
    else kept.length = 0;
  }
  return {
    status: response.statusCode ?? 0,
    location: response.headers.location,
    digest: parseDigest(`sha256:${hash.digest('hex')}`),
    size,
    bytes: size <= manifestLimit ? Buffer.concat(kept) : undefined,
  };
}

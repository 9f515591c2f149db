import { SignpostError } from '../../oci/errors.ts';
import type { SnapshotSource } from '../../ports/snapshot-source.ts';
import { snapshotLimit } from '../../ports/snapshot-store.ts';
import { trustAuthorities } from '../http-client/authorities.ts';
import type { ChooseProxy } from '../http-client/choose-proxy.ts';
import { usualPatience } from '../http-client/patience.ts';
import { discardBody, readBounded } from '../http-client/read-body.ts';
import { createTransport } from '../http-client/transport.ts';

export interface SnapshotSourceOptions {
  /** The folder in which the origin offers it: `snapshot` is in it, and the pieces as `parts/<digest>`. */
  readonly url: URL;
  /** Sent as a bearer token. */
  readonly token?: string | undefined;
  /** PEM files trusted beside the usual authorities. */
  readonly certificateAuthorities: readonly string[];
  /** Until the answer begins, and between two pieces of it, in milliseconds. */
  readonly timeout: number;
  readonly chooseProxy: ChooseProxy;
}

const connections = 16;

/**
 * The snapshot over HTTP. No redirect is followed: the token is for that host alone.
 * @throws SignpostError CONFIG_INVALID
 */
export async function createHttpSnapshotSource(
  options: SnapshotSourceOptions,
): Promise<SnapshotSource & Disposable> {
  const { url, token, timeout, certificateAuthorities, chooseProxy } = options;
  const transport = createTransport({
    userAgent: 'signpost',
    timeout,
    kept: connections,
    chooseProxy,
    trust: trustAuthorities(certificateAuthorities, 'origin.certificateAuthorities', { alsoSystem: true }),
  });
  const pace = { ...usualPatience, idle: timeout };
  const base = url.href.replace(/\/+$/, '');
  const authorization = token === undefined ? {} : { Authorization: `Bearer ${token}` };

  async function get(address: string, limit: number, headers: Record<string, string>, signal: AbortSignal) {
    const answer = await transport.send(new URL(address), {
      headers: { ...authorization, ...headers },
      signal,
    });
    const { status, message } = answer;
    if (status === 304) {
      discardBody(message);
      return undefined;
    }
    if (status === 200) {
      const body = await readBounded(answer, limit, pace, signal, 'the snapshot');
      return { body, etag: message.headers.etag };
    }
    discardBody(message);
    throw new SignpostError(
      status === 401 || status === 403 ? 'DENIED' : 'UNAVAILABLE',
      `${url.host} answered ${status} for ${new URL(address).pathname}`,
    );
  }

  return {
    async fetchSnapshot(etag, signal) {
      const got = await get(
        `${base}/snapshot`,
        snapshotLimit,
        etag === undefined ? {} : { 'If-None-Match': etag },
        signal,
      );
      return got === undefined ? 'unchanged' : { file: got.body, etag: got.etag };
    },
    async fetchPart({ digest, size }, signal) {
      const got = await get(`${base}/parts/${digest}`, size, {}, signal);
      if (got !== undefined) return got.body;
      throw new SignpostError('UNAVAILABLE', `${url.host} answered 304 to a request that had no condition`);
    },
    [Symbol.dispose]: () => transport.close(),
  };
}

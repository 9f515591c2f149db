import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { getCACertificates } from 'node:tls';
import { SignpostError } from '../../../oci/errors.ts';
import type { SourceTimeouts, SourceTls } from '../source-options.ts';
import { describeNetworkError } from './network-error.ts';
import { waitForAll } from '../../../parallel/wait-for-all.ts';

/** An answer whose headers are there and whose body is still to be read. */
export interface Answer {
  readonly status: number;
  readonly url: URL;
  readonly message: IncomingMessage;
}

interface TransportRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as a form, by POST; without it the request is a GET. */
  readonly form?: URLSearchParams;
  readonly signal: AbortSignal;
}

/** One request, one answer: no redirects, no credentials, no second try. */
export interface Transport {
  /** @throws SignpostError UNAVAILABLE, CANCELLED */
  send(url: URL, request: TransportRequest): Promise<Answer>;
  close(): void;
}

const headerLimit = 32 * 1024;

/** @throws SignpostError CONFIG_INVALID when a file with certificate authorities cannot be used */
export async function createTransport(tls: SourceTls, timeouts: SourceTimeouts): Promise<Transport> {
  const limits = { keepAlive: true, maxSockets: 16, maxFreeSockets: 16, maxHeaderSize: headerLimit };
  const http = new HttpAgent(limits);
  const https = new HttpsAgent({
    ...limits,
    rejectUnauthorized: tls.insecure !== true,
    ...(tls.plainHttp === true ? {} : { ca: await loadAuthorities(tls.certificateAuthorities ?? []) }),
  });
  return {
    send: (url, request) => send(url, request, url.protocol === 'https:' ? https : http, timeouts.headers),
    close: () => {
      http.destroy();
      https.destroy();
    },
  };
}

function send(
  url: URL,
  { headers, form, signal }: TransportRequest,
  agent: HttpAgent | HttpsAgent,
  timeout: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const body = form?.toString();
    const options = {
      agent,
      signal,
      maxHeaderSize: headerLimit,
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        // A body that is compressed on the way has another length and other ranges than the blob.
        'Accept-Encoding': 'identity',
        'User-Agent': 'signpost',
        ...(body === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' }),
        ...headers,
      },
    };
    const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
    const timer = setTimeout(() => {
      const message = `${url.host} has not answered within ${timeout} ms`;
      request.destroy(new SignpostError('UNAVAILABLE', message, { cause: { code: 'ETIMEDOUT' } }));
    }, timeout);
    request.on('response', (message) => {
      clearTimeout(timer);
      // A connection that breaks between two reads must not end the process.
      message.on('error', () => undefined);
      resolve({ status: message.statusCode ?? 0, url, message });
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(describeNetworkError(error, url, signal));
    });
    request.end(body);
  });
}

// The system's own authorities count too: it is where an administrator puts those of a house.
async function loadAuthorities(files: readonly string[]): Promise<string[]> {
  const own = await waitForAll(files.map(loadAuthority));
  return [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...own])];
}

async function loadAuthority(file: string): Promise<string> {
  let pem: string;
  try {
    pem = await readFile(file, 'utf8');
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `cannot read the certificate authority: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new SignpostError('CONFIG_INVALID', `${file} holds no certificate in PEM`);
}

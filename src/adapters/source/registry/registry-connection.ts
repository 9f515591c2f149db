import type { RegistryImageName } from '../../../oci/image-source-name.ts';
import {
  defaultRetry,
  defaultTimeouts,
  type ImageSourceOptions,
  type SourceRetry,
  type SourceTimeouts,
} from '../source-options.ts';
import { RegistryAuthorization } from './authorization.ts';
import { findCredentials } from './credentials.ts';
import { createRegistryClient, type RegistryClient } from './registry-client.ts';
import { createTransport } from './transport.ts';

export type RegistryOptions = Pick<ImageSourceOptions, 'credentialFiles' | 'tls' | 'timeouts' | 'retry'>;

/** A client for one repository, and all that its requests need. */
export interface RegistryConnection {
  readonly client: RegistryClient;
  /** As the registry's API names it. */
  readonly repository: string;
  readonly timeouts: SourceTimeouts;
  readonly retry: SourceRetry;
  /** Ends with the connection, or with the caller's own signal. */
  readonly ended: AbortSignal;
  close(): void;
}

/**
 * Makes ready to ask a registry; nothing is asked yet.
 * @throws SignpostError CONFIG_INVALID when a certificate authority cannot be read
 */
export async function connectToRegistry(
  name: RegistryImageName,
  options: RegistryOptions,
  signal: AbortSignal,
): Promise<RegistryConnection> {
  const { host, repository } = locate(name);
  const tls = options.tls ?? {};
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const retry = { ...defaultRetry, ...options.retry };
  const base = new URL(`${tls.plainHttp === true ? 'http' : 'https'}://${host}/`);
  const transport = await createTransport(tls, timeouts);
  const closing = new AbortController();
  const ended = AbortSignal.any([signal, closing.signal]);
  const authorization = new RegistryAuthorization({
    transport,
    base,
    repository,
    credentials: () => findCredentials(options.credentialFiles ?? [], name.host, repository),
    idle: timeouts.idle,
    signal: ended,
  });
  return {
    client: createRegistryClient({ transport, authorization, base, timeouts, retry }),
    repository,
    timeouts,
    retry,
    ended,
    close: () => {
      closing.abort();
      transport.close();
    },
  };
}

// Docker Hub's API is on another host than its images are named for, and its own images have a prefix.
function locate({ host, repository }: RegistryImageName): { host: string; repository: string } {
  if (host !== 'docker.io' && host !== 'index.docker.io') return { host, repository };
  return {
    host: 'registry-1.docker.io',
    repository: repository.includes('/') ? repository : `library/${repository}`,
  };
}

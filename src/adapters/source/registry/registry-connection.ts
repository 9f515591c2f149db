import type { RegistryImageName } from '../../../oci/image-source-name.ts';
import { trustAuthorities } from '../../http-client/authorities.ts';
import { createTransport } from '../../http-client/transport.ts';
import {
  defaultPatience,
  defaultRetry,
  type ImageSourceOptions,
  type SourcePatience,
  type SourceRetry,
} from '../source-options.ts';
import { RegistryAuthorization } from './authorization.ts';
import { findCredentials } from './credentials.ts';
import { type FetchSmall, createFetchSmall } from './fetch-small.ts';
import { createRegistryClient, type RegistryClient } from './registry-client.ts';

export type RegistryOptions = Pick<
  ImageSourceOptions,
  'credentialFiles' | 'tls' | 'patience' | 'retry' | 'chooseProxy'
>;

/** A client for one repository, and all that its requests need. */
export interface RegistryConnection {
  readonly client: RegistryClient;
  readonly fetchSmall: FetchSmall;
  /** As the registry's API names it. */
  readonly repository: string;
  readonly patience: SourcePatience;
  readonly retry: SourceRetry;
  /** Ends with the connection, or with the caller's own signal. */
  readonly ended: AbortSignal;
  close(): void;
}

const connections = 16;

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
  const patience = { ...defaultPatience, ...options.patience };
  const retry = { ...defaultRetry, ...options.retry };
  const base = new URL(`${tls.plainHttp === true ? 'http' : 'https'}://${host}/`);
  const transport = createTransport({
    userAgent: 'signpost',
    timeout: patience.headers,
    kept: connections,
    chooseProxy: options.chooseProxy,
    insecure: tls.insecure === true,
    trust: trustAuthorities(tls.certificateAuthorities ?? [], '--source-ca', { alsoSystem: true }),
  });
  const closing = new AbortController();
  const ended = AbortSignal.any([signal, closing.signal]);
  const authorization = new RegistryAuthorization({
    transport,
    base,
    repository,
    credentials: () => findCredentials(options.credentialFiles ?? [], name.host, repository),
    patience,
    signal: ended,
  });
  const client = createRegistryClient({ transport, authorization, base, patience, retry });
  return {
    client,
    fetchSmall: createFetchSmall({ client, host: base.host, patience, retry, ended }),
    repository,
    patience,
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

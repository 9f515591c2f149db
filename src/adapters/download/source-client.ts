import { type Transport, type TransportOptions, createTransport } from '../http-client/transport.ts';

/** How the sources of a sync are asked. */
export interface SourceClient extends Disposable {
  readonly transport: Pick<Transport, 'send'>;
  /** Hosts (with port) that whoever runs this has named: wherever they are, they may be connected to. */
  readonly named: ReadonlySet<string>;
  /** Milliseconds to connect and answer, and to send on. */
  readonly timeout: number;
}

type SourceClientOptions = Pick<TransportOptions, 'userAgent' | 'trust' | 'chooseProxy'> &
  Required<Pick<TransportOptions, 'resolver'>> &
  Pick<SourceClient, 'named' | 'timeout'> & {
    /** Connections to one host. */
    readonly parallel: number;
  };

/** `resolver` says where hosts may be to which the named ones redirect. */
export function createSourceClient({
  named,
  parallel,
  timeout,
  ...options
}: SourceClientOptions): SourceClient {
  const transport = createTransport({ ...options, timeout, kept: parallel, bulk: true });
  return { transport, named, timeout, [Symbol.dispose]: () => transport.close() };
}

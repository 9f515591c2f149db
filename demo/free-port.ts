import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { SignpostError } from '../src/oci/errors.ts';

/**
 * A port of `address` that nobody listens on: `port` itself, or any when it is 0.
 * @throws SignpostError USAGE, UNAVAILABLE when the machine does not have the address
 */
export async function findFreePort(address: string, port: number): Promise<number> {
  const server = createServer();
  try {
    server.listen(port, address);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (cause) {
    throw explain(cause as NodeJS.ErrnoException, address, port);
  } finally {
    server.close();
  }
}

function explain(cause: NodeJS.ErrnoException, address: string, port: number): SignpostError {
  if (cause.code === 'EADDRINUSE') {
    const message = `port ${port} of ${address} is in use: choose another with --port, or --port 0 for a free one`;
    return new SignpostError('USAGE', message, { cause });
  }
  if (cause.code === 'EACCES') {
    const message = `port ${port} needs more rights: choose one above 1023 with --port`;
    return new SignpostError('USAGE', message, { cause });
  }
  return new SignpostError(
    'UNAVAILABLE',
    `cannot listen on ${address}: ${cause.message}. The demo needs all of the loopback range 127.0.0.0/8, ` +
      'which Linux has as it is.',
    { cause },
  );
}

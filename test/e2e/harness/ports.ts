import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A port that is free on `address` now. Servers that cannot be told to take port 0 are given one. */
export async function findFreePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

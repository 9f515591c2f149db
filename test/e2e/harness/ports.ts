import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

/** A port that is free on `address` now. Servers that cannot be told to take port 0 are given one. */
export async function findFreePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Whether anybody listens on a port of loopback. */
export async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

import type { IpAddress } from '../../net/address.ts';
import { type Peer, createOriginFinder } from '../../net/client-address.ts';
import type { ClientConnection } from '../../mirrors/client-connection.ts';
import type { Asker, Incoming, RequestClient } from './exchange.ts';
import type { RegistryDeps } from './registry-deps.ts';
import type { RequestPath } from './request-path.ts';

/**
 * Finds who asks. What a connection says for itself is worked out once for all its requests. To be called once for each
 * request: it counts them.
 */
export function createAskerFinder({
  settings,
  routing: { places },
}: Pick<RegistryDeps, 'settings' | 'routing'>): (request: Incoming, path: RequestPath) => Asker {
  const origins = createOriginFinder(settings.trustedProxies);
  const connections = new WeakMap<object, Met>();
  const clientOf = (address: IpAddress, secure: boolean) => ({
    address,
    secure,
    place: places.find(address),
  });
  const meet = (socket: Incoming['socket']): Met => {
    const peer = origins.peerOf(socket.remoteAddress);
    if (peer.isProxy) return { peer };
    const client = clientOf(peer.address, socket.encrypted === true);
    const connection = new SeenConnection();
    socket.once('close', () => connection.close());
    return { peer, asker: { client, connection } };
  };

  return ({ socket, headers }, path) => {
    let met = connections.get(socket);
    if (met === undefined) {
      met = meet(socket);
      connections.set(socket, met);
    }
    if (met.asker !== undefined) {
      met.asker.connection.note(path);
      return met.asker;
    }
    const { address, secure } = origins.find(met.peer, {
      encrypted: socket.encrypted === true,
      forwardedFor: textOf(headers['x-forwarded-for']),
      forwardedProto: textOf(headers['x-forwarded-proto']),
    });
    return { client: clientOf(address, secure), connection: undefined };
  };
}

interface Met {
  readonly peer: Peer;
  /** When the peer speaks for itself. */
  readonly asker?: { readonly client: RequestClient; readonly connection: SeenConnection };
}

/** Holds no socket: it is remembered for longer than that lives. */
class SeenConnection implements ClientConnection {
  isOpen = true;
  isNew = true;
  beganPull = false;
  #asked = false;

  note(path: RequestPath): void {
    this.isNew = !this.#asked;
    this.#asked = true;
    const { kind } = path;
    const isBeginning = kind === 'base' || kind === 'manifest-by-tag' || (kind === 'manifest' && this.isNew);
    if (isBeginning) this.beganPull = true;
  }

  close(): void {
    this.isOpen = false;
  }
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.join(',');
}

/** What can be seen of one connection of a client. It changes as the connection is used. */
export interface ClientConnection {
  /** Whether neither end has closed it. */
  readonly isOpen: boolean;
  /** Whether nothing was asked over it before the request that is being answered. */
  readonly isNew: boolean;
  /** Whether a pull seems to have begun over it: it was the first to ask for a tag, a manifest, or the API itself. */
  readonly beganPull: boolean;
}

/** How many connections of one reader are remembered: more than any client opens for one blob. In the order of use. */
const rememberedConnections = 8;

/** Adds a connection to those that are remembered, as the latest. */
export function rememberConnection(
  connections: readonly ClientConnection[],
  latest: ClientConnection | undefined,
): readonly ClientConnection[] {
  if (latest === undefined || connections.at(-1) === latest) return connections;
  const others = connections.filter((one) => one !== latest);
  return [...others.slice(-(rememberedConnections - 1)), latest];
}

/**
 * Whether a request for a whole blob comes from another machine than those over `connections`, who asked for it before. A program that still has its connections open takes one of them to ask again: it opens no new
 * one, and no pull begins over two of them. Where nothing can be told, the answer is no: docker
 * closes each connection after its request, and asks for a blob that a mirror does not have again at once.
 */
export function isAnotherMachine(
  connection: ClientConnection | undefined,
  connections: readonly ClientConnection[],
): boolean {
  if (connection === undefined || connections.includes(connection)) return false;
  const open = connections.filter((one) => one.isOpen);
  if (open.length === 0) return false;
  return connection.isNew || (connection.beganPull && open.some((one) => one.beganPull));
}

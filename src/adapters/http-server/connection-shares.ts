import type { IpAddress } from '../../net/address.ts';
import { clientHostOf, clientNetworkOf } from '../../net/client-network.ts';

/** What can be closed to make room for another. */
interface Closable {
  destroy(): void;
}

/** A connection that has been let in. To be told when it begins and ends work, and when it is closed. */
export interface Admitted {
  busy(): void;
  idle(): void;
  closed(): void;
}

/** What one host may have of all connections, and the network that it is in: a part of them. */
const shares = { host: 1 / 4, network: 1 / 2 } as const;

/**
 * Who is connected. No host and no network gets all connections there are: who has its share gets another only in place of
 * the one of its own that has been idle the longest. When all are taken, room is made at the expense of the network
 * that has the most of them.
 */
export class ConnectionShares {
  readonly #limit: number;
  readonly #hosts = new Map<string, Group>();
  readonly #networks = new Map<string, Group>();
  #open = 0;

  /** @param limit how many connections there may be, those of proxies aside */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Lets a connection in, or not: then it is to be closed. */
  admit(address: IpAddress, connection: Closable): Admitted | undefined {
    const own = groupOf(this.#hosts, clientHostOf(address));
    const network = groupOf(this.#networks, clientNetworkOf(address));
    const most = (share: number) => Math.max(1, Math.floor(this.#limit * share));
    const isIn =
      makeRoom(own, most(shares.host)) &&
      makeRoom(network, most(shares.network)) &&
      (this.#open < this.#limit || this.#makeRoomFor(network));
    if (!isIn) {
      this.#forgetEmpty(own, network);
      return undefined;
    }
    // Closing another may have left them empty.
    this.#hosts.set(own.name, own);
    this.#networks.set(network.name, network);
    this.#open += 1;
    const groups = [own, network];
    const member: Member = {
      destroy: () => {
        closed();
        connection.destroy();
      },
    };
    let isClosed = false;
    const closed = () => {
      if (isClosed) return;
      isClosed = true;
      this.#open -= 1;
      for (const group of groups) group.remove(member);
      this.#forgetEmpty(own, network);
    };
    for (const group of groups) group.rest(member);
    return {
      busy: () => !isClosed && groups.forEach((group) => group.work(member)),
      idle: () => !isClosed && groups.forEach((group) => group.rest(member)),
      closed,
    };
  }

  /** For whoever has less than the network that has the most. */
  #makeRoomFor(network: Group): boolean {
    const largest = [...this.#networks.values()].reduce((one, other) =>
      other.size > one.size ? other : one,
    );
    return largest.size > network.size ? largest.closeOne() : network.closeIdle();
  }

  #forgetEmpty(own: Group, network: Group): void {
    if (own.size === 0) this.#hosts.delete(own.name);
    if (network.size === 0) this.#networks.delete(network.name);
  }
}

type Member = Closable;

/** Connections that count together. */
class Group {
  readonly name: string;
  /** The one that has been idle the longest comes first. */
  readonly #idle = new Set<Member>();
  readonly #busy = new Set<Member>();

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#idle.size + this.#busy.size;
  }

  work(member: Member): void {
    if (this.#idle.delete(member)) this.#busy.add(member);
  }

  rest(member: Member): void {
    this.#busy.delete(member);
    this.#idle.add(member);
  }

  remove(member: Member): void {
    this.#idle.delete(member);
    this.#busy.delete(member);
  }

  closeIdle(): boolean {
    const [oldest] = this.#idle;
    oldest?.destroy();
    return oldest !== undefined;
  }

  closeOne(): boolean {
    if (this.closeIdle()) return true;
    const [oldest] = this.#busy;
    oldest?.destroy();
    return oldest !== undefined;
  }
}

function makeRoom(group: Group, most: number): boolean {
  return group.size < most || group.closeIdle();
}

function groupOf(groups: Map<string, Group>, name: string): Group {
  const known = groups.get(name);
  if (known !== undefined) return known;
  const group = new Group(name);
  groups.set(name, group);
  return group;
}

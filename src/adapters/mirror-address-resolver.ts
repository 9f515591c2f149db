import { type LookupAddress, lookup } from 'node:dns';
import { type IpAddress, type Netblock, readIpAddress } from '../mirrors/address.ts';
import { mayConnect } from '../mirrors/address-class.ts';
import { netblockContains } from '../mirrors/netblock.ts';

/** Where a mirror may be connected to, or why nowhere. */
type ResolvedAddresses =
  | { readonly ok: true; readonly addresses: readonly LookupAddress[] }
  | { readonly ok: false; readonly reason: 'unknown-name' | 'not-allowed'; readonly detail: string };

export interface MirrorAddressResolver {
  /** Public addresses and allowed ones; with `onlyAllowed`, those alone that the operator has named. */
  resolve(host: string, onlyAllowed: boolean): Promise<ResolvedAddresses>;
}

export type Lookup = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

interface Entry {
  result: Promise<readonly LookupAddress[] | string>;
  /** When the answer came. */
  at: number;
  /** Before this it is not asked for again. */
  due: number;
  known: boolean;
  refreshing: boolean;
}

const freshTime = 30_000;
const failedTime = 5000;
const staleTime = 600_000;
const limit = 10_000;
/** Look-ups block a thread of the pool that also reads files for clients: never take more than half of its four. */
const concurrency = 2;

/**
 * Resolves names, remembers them for half a minute, and goes on with what it remembers for ten minutes while it asks
 * again, so that a slow or failing name server takes no mirror out.
 * @param setting where `allowed` comes from, to name it to people
 */
export function createMirrorAddressResolver(
  allowed: readonly Netblock[],
  setting: string,
  lookUp: Lookup = (host, callback) => lookup(host, { all: true }, callback),
  now: () => number = () => performance.now(),
): MirrorAddressResolver {
  const entries = new Map<string, Entry>();
  const waiting: (() => void)[] = [];
  let active = 0;

  const ask = (host: string) =>
    new Promise<readonly LookupAddress[] | string>((resolve) => {
      const begin = () => {
        active += 1;
        lookUp(host, (error, addresses) => {
          active -= 1;
          waiting.shift()?.();
          resolve(error === null ? addresses : (error.code ?? error.message));
        });
      };
      if (active < concurrency) begin();
      else waiting.push(begin);
    });

  const find = (host: string) => {
    const entry = entries.get(host);
    if (entry === undefined) return add(host);
    if (entry.refreshing) return entry.result;
    const outdated = entry.known && now() - entry.at > staleTime;
    if (now() < entry.due && !outdated) return entry.result;
    if (!entry.known || outdated) return add(host);
    entry.refreshing = true;
    void ask(host).then((answer) => {
      entry.refreshing = false;
      // One look-up that fails takes no mirror out: what is known holds until it is too old.
      if (typeof answer === 'string') entry.due = now() + failedTime;
      else keep(host, Promise.resolve(answer));
    });
    return entry.result;
  };
  const add = (host: string) => {
    const result = ask(host);
    const entry = keep(host, result);
    entry.refreshing = true;
    void result.then((answer) => {
      entry.known = typeof answer !== 'string';
      entry.refreshing = false;
      entry.at = now();
      entry.due = entry.at + (entry.known ? freshTime : failedTime);
    });
    return result;
  };
  const keep = (host: string, result: Entry['result']): Entry => {
    const entry = { result, at: now(), due: now() + freshTime, known: true, refreshing: false };
    entries.delete(host);
    entries.set(host, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= limit) break;
      entries.delete(oldest);
    }
    return entry;
  };

  return {
    async resolve(host, onlyAllowed) {
      const literal = readIpAddress(host);
      const answer = literal === undefined ? await find(host) : [toLookupAddress(literal)];
      if (typeof answer === 'string') {
        return { ok: false, reason: 'unknown-name', detail: `the name ${host} does not resolve (${answer})` };
      }
      const addresses = answer.filter(({ address }) => {
        const ip = readIpAddress(address);
        if (ip === undefined) return false;
        const named = !onlyAllowed || allowed.some((block) => netblockContains(block, ip));
        return named && mayConnect(ip, allowed);
      });
      if (addresses.length > 0) return { ok: true, addresses };
      const refused = answer.slice(0, 4).map(({ address }) => address);
      const detail =
        literal === undefined
          ? `${host} leads to ${refused.join(', ') || 'no address'}`
          : `${host} is not a public address`;
      return { ok: false, reason: 'not-allowed', detail: `${detail}; ${setting} can allow it` };
    },
  };
}

function toLookupAddress(address: IpAddress): LookupAddress {
  return { address, family: address.includes(':') ? 6 : 4 };
}

import { type LookupAddress, lookup } from 'node:dns';
import { type IpAddress, type Netblock, readIpAddress } from '../../net/address.ts';
import { mayConnect } from '../../net/address-class.ts';
import { netblockContains } from '../../net/netblock.ts';
import { LookupQueue } from './lookup-queue.ts';

/** Where a mirror may be connected to, or why nowhere. */
type ResolvedAddresses =
  | { readonly ok: true; readonly addresses: readonly LookupAddress[] }
  | { readonly ok: false; readonly reason: 'unknown-name' | 'not-allowed'; readonly detail: string };

export interface MirrorAddressResolver {
  /**
   * Public addresses and allowed ones; with `onlyAllowed`, those alone that the operator has named. When `signal` has
   * ended, a look-up that has not begun yet and that nobody else waits for is not made.
   */
  resolve(host: string, onlyAllowed: boolean, signal?: AbortSignal): Promise<ResolvedAddresses>;
}

export type Lookup = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void;

type Answer = readonly LookupAddress[] | string;

interface Entry {
  result: Promise<Answer>;
  /** When the answer came. */
  at: number;
  /** Before this it is not asked for again. */
  due: number;
  known: boolean;
  /** Who waits for the look-up under way; undefined when there is none. */
  waiting: Waiting | undefined;
  /** How often in a row it has failed slowly. */
  slow: number;
}

/** Those without a signal wait for as long as it takes. */
type Waiting = Set<AbortSignal | undefined>;

const freshTime = 30_000;
const failedTime = 5000;
/** A failure that took so long keeps others waiting: such a name is asked for more and more rarely. */
const slowTime = 2000;
const longestPause = 300_000;
const staleTime = 600_000;
const limit = 10_000;
/**
 * Look-ups block a thread of the pool that also reads files for clients: all of this process together never take more than
 * half of its four.
 */
const concurrency = 2;
const queueOfAll = new LookupQueue(concurrency);
/** What a look-up that never began has for an answer. */
const dropped = 'ECANCELLED';

/**
 * Resolves names, remembers them for half a minute, and goes on with what it remembers for ten minutes while it asks
 * again, so that a slow or failing name server takes no mirror out.
 * @param setting where `allowed` comes from, to name it to people
 */
export function createMirrorAddressResolver(
  allowed: readonly Netblock[],
  setting: string,
  lookUp?: Lookup,
  now: () => number = () => performance.now(),
): MirrorAddressResolver {
  const entries = new Map<string, Entry>();
  const queue = lookUp === undefined ? queueOfAll : new LookupQueue(concurrency);
  const begin: Lookup = lookUp ?? ((host, callback) => lookup(host, { all: true }, callback));

  const ask = (host: string, waiting: Waiting) =>
    new Promise<Answer>((resolve) => {
      queue.add({
        isWanted: () => [...waiting].some((signal) => signal?.aborted !== true),
        drop: () => resolve(dropped),
        begin: (done) =>
          begin(host, (error, addresses) => {
            done();
            resolve(error === null ? addresses : (error.code ?? error.message));
          }),
      });
    });

  const find = (host: string, signal: AbortSignal | undefined) => {
    const entry = entries.get(host);
    if (entry === undefined) return add(host, signal, 0);
    if (entry.waiting !== undefined) {
      entry.waiting.add(signal);
      return entry.result;
    }
    const outdated = entry.known && now() - entry.at > staleTime;
    if (now() < entry.due && !outdated) return entry.result;
    if (!entry.known || outdated) return add(host, signal, entry.slow);
    const waiting: Waiting = new Set([signal]);
    entry.waiting = waiting;
    void ask(host, waiting).then((answer) => {
      entry.waiting = undefined;
      // One look-up that fails takes no mirror out: what is known holds until it is too old.
      if (answer === dropped) return;
      if (typeof answer === 'string') entry.due = now() + failedTime;
      else keep(host, Promise.resolve(answer), undefined);
    });
    return entry.result;
  };
  const add = (host: string, signal: AbortSignal | undefined, slow: number) => {
    const waiting: Waiting = new Set([signal]);
    const began = now();
    const result = ask(host, waiting);
    const entry = keep(host, result, waiting);
    void result.then((answer) => {
      entry.waiting = undefined;
      entry.known = typeof answer !== 'string';
      entry.at = now();
      entry.slow = !entry.known && answer !== dropped && entry.at - began >= slowTime ? slow + 1 : 0;
      const pause = Math.min(longestPause, failedTime * 2 ** Math.max(0, entry.slow - 1));
      entry.due = answer === dropped ? entry.at : entry.at + (entry.known ? freshTime : pause);
    });
    return result;
  };
  const keep = (host: string, result: Entry['result'], waiting: Waiting | undefined): Entry => {
    const entry = { result, at: now(), due: now() + freshTime, known: true, waiting, slow: 0 };
    entries.delete(host);
    entries.set(host, entry);
    for (const oldest of entries.keys()) {
      if (entries.size <= limit) break;
      entries.delete(oldest);
    }
    return entry;
  };

  return {
    async resolve(host, onlyAllowed, signal) {
      const literal = readIpAddress(host);
      const answer = literal === undefined ? await find(host, signal) : [toLookupAddress(literal)];
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

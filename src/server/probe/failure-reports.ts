import type { ClientNetwork } from '../../net/client-network.ts';
import type { Digest } from '../../oci/digest.ts';
import type { ProbeTarget, FailureReport } from '../../ports/mirror-probe.ts';

/** What a probe is to look into, because clients seem to have failed. */
export interface Evidence {
  readonly target: ProbeTarget;
  /** Where the last of them went on; undefined when it began again. */
  readonly offset: number | undefined;
  /** Whose word it is. */
  readonly networks: ReadonlySet<ClientNetwork>;
  /** Several networks speak against the mirror: the blob is read to its end, not just the next part of it. */
  readonly shared: boolean;
}

interface OpenCase {
  readonly target: ProbeTarget;
  offset: number | undefined;
  readonly networks: Set<ClientNetwork>;
  shared: boolean;
}

/** A network that has spoken against the mirror. Times are monotonic, in milliseconds. */
interface Witness {
  /** When it was last heard; -Infinity once what several said has been found untrue. */
  heardAt: number;
  /** How often what it said was found untrue. */
  refutations: number;
  /** Until then it is not heard. */
  quietUntil: number;
}

/** Networks that speak within this time of one another speak together. In milliseconds, as all of these. */
const togetherTime = 30_000;
const firstQuiet = 2000;
const longestQuiet = 600_000;
/** What a network said wrongly this long ago is forgotten. */
const forgetTime = 3_600_000;
const witnessLimit = 64;
const openLimit = 8;

/** For how long a network is not heard that has been wrong so many times: long enough for nobody to keep a mirror busy. */
export function quietTime(refutations: number): number {
  return Math.min(longestQuiet, firstQuiet * 2 ** (refutations - 1));
}

/**
 * What the networks of clients say against one mirror, by asking again. The first word of a network is looked into at
 * once. When a probe finds it untrue, the network is not heard for a while, and twice as long each time; so that a
 * client that repeats itself does not cost the mirror probes for ever. Several networks weigh more than one. Which
 * client is right is never known beforehand: nothing said here is believed, it only decides what is looked at.
 */
export class FailureReports {
  readonly #open = new Map<Digest, OpenCase>();
  readonly #witnesses = new Map<ClientNetwork, Witness>();

  /** Whether something is to be looked into. */
  get any(): boolean {
    return this.#open.size > 0;
  }

  /** How many networks are remembered. */
  get size(): number {
    return this.#witnesses.size;
  }

  note({ target, network, offset }: FailureReport, now: number): void {
    const witness = this.#witnessOf(network, now);
    if (now < witness.quietUntil) return;
    witness.heardAt = now;
    this.#remember(network, witness);
    const found = this.#open.get(target.digest) ?? { target, offset, networks: new Set(), shared: false };
    found.offset = offset ?? found.offset;
    if (found.networks.size < witnessLimit) found.networks.add(network);
    this.#open.set(target.digest, found);
    dropOldest(this.#open, openLimit);
    if (this.#othersSpeak(network, now)) for (const open of this.#open.values()) open.shared = true;
  }

  /** What has waited longest. */
  take(): Evidence | undefined {
    for (const [digest, open] of this.#open) {
      this.#open.delete(digest);
      return open;
    }
    return undefined;
  }

  /** A probe found nothing wrong. `toTheEnd`: all of the blob has been read lately, or no more of it can be. */
  refuted(evidence: Evidence, toTheEnd: boolean, now: number): void {
    if (evidence.shared && !toTheEnd) {
      this.#reopen(evidence);
      return;
    }
    for (const network of evidence.networks) {
      const witness = this.#witnessOf(network, now);
      witness.refutations += 1;
      witness.quietUntil = now + quietTime(witness.refutations);
      if (evidence.shared) witness.heardAt = -Infinity;
      this.#remember(network, witness);
    }
  }

  /** The mirror has been found bad: they were right, or it does not matter any more. */
  clear(): void {
    this.#open.clear();
    this.#witnesses.clear();
  }

  #reopen({ target, offset, networks }: Evidence): void {
    const since = this.#open.get(target.digest);
    const all = [...networks, ...(since?.networks ?? [])].slice(0, witnessLimit);
    this.#open.set(target.digest, {
      target,
      offset: since?.offset ?? offset,
      networks: new Set(all),
      shared: true,
    });
    dropOldest(this.#open, openLimit);
  }

  #witnessOf(network: ClientNetwork, now: number): Witness {
    const known = this.#witnesses.get(network);
    if (known !== undefined && now - known.quietUntil < forgetTime) return known;
    return { heardAt: known?.heardAt ?? -Infinity, refutations: 0, quietUntil: -Infinity };
  }

  #remember(network: ClientNetwork, witness: Witness): void {
    this.#witnesses.delete(network);
    this.#witnesses.set(network, witness);
    dropOldest(this.#witnesses, witnessLimit);
  }

  #othersSpeak(network: ClientNetwork, now: number): boolean {
    for (const [other, { heardAt }] of this.#witnesses) {
      if (other !== network && now - heardAt <= togetherTime) return true;
    }
    return false;
  }
}

function dropOldest<K>(map: Map<K, unknown>, limit: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= limit) return;
    map.delete(oldest);
  }
}

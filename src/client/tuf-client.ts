import { SignpostError } from '../oci/errors.ts';
import {
  type FileMeta,
  type Root,
  type Snapshot,
  type Targets,
  type Timestamp,
  metadataLimits,
} from '../trust/tuf/metadata.ts';
import type { TopRole } from '../trust/tuf/names.ts';
import type { SearchedRole } from '../trust/tuf/role-search.ts';
import {
  type TrustedMetadata,
  expiryOf,
  updateSnapshot,
  updateTimestamp,
  verifyTargets,
} from '../trust/tuf/trusted-metadata.ts';
import { followRoots } from './follow-roots.ts';

export interface TufClientDeps {
  /** A file of the repository; undefined when it has none. The name is safe in a URL. */
  readonly fetch: (name: string, limit: number) => Promise<Uint8Array | undefined>;
  /** What stands before a file's name in messages, such as `/tuf/`. */
  readonly place: string;
  /** The root that is at hand, of whatever version. */
  readonly root: Uint8Array;
  /** What was verified before, by the names of {@link memoryName}. Without it an older state cannot be told. */
  readonly memory?: TufMemory;
}

interface TufMemory {
  /** For messages. */
  readonly name: string;
  find(): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Replaces all of them. Durable when it returns. */
  remember(files: ReadonlyMap<string, Uint8Array>): Promise<void>;
}

/** Bytes that are remembered at most: the roles that were read last. */
const memoryLimit = 24 * 1024 * 1024;

/**
 * A client of TUF 1.0, section 5. Its steps are taken in order; each returns metadata that has been verified but may have
 * expired: then the caller stops, and it is not trusted (but for the root, 5.3.8). Whatever is trusted is remembered at
 * once, so that what comes after it may fail and the state cannot go back (5.4.5, 5.5.7, 5.6.6).
 * Each throws SignpostError TRUST, ROLLBACK, REQUEST_INVALID, LIMIT_EXCEEDED, NOT_FOUND, STORAGE, and what `fetch` throws.
 */
export class TufClient {
  readonly #deps: TufClientDeps;
  readonly #files = new Map<string, Uint8Array>();
  #trusted: TrustedMetadata | undefined;

  constructor(deps: TufClientDeps) {
    this.#deps = deps;
  }

  /** 5.2 and 5.3 */
  async root(): Promise<Root> {
    const { fetch, root, memory } = this.#deps;
    for (const [name, bytes] of (await memory?.find()) ?? []) this.#files.set(name, bytes);
    const { trusted, bytes } = await followRoots(
      {
        root,
        fetch: (version) => fetch(`${version}.root.json`, metadataLimits.root),
        remembered: new Map(this.#files),
        name: memory?.name ?? '',
      },
      async (next, file) => {
        this.#takeRoot(next, file);
        await this.#remember();
      },
    );
    // One that was at hand is remembered with the first timestamp that holds under it.
    this.#takeRoot(trusted, bytes);
    return trusted.root;
  }

  #takeRoot(trusted: TrustedMetadata, bytes: Uint8Array): void {
    this.#trusted = trusted;
    this.#files.set('root.json', bytes);
    // 5.3.11: what was verified with keys that are replaced is forgotten.
    if (trusted.timestamp === undefined) this.#files.delete('timestamp.json');
    if (trusted.snapshot === undefined) this.#files.delete('snapshot.json');
  }

  /** 5.4 */
  async timestamp(now: number): Promise<Timestamp> {
    const trusted = present(this.#trusted);
    const bytes = await this.#fetch('timestamp.json', metadataLimits.timestamp);
    const next = updateTimestamp(trusted, bytes);
    const timestamp = present(next.timestamp);
    if (next !== trusted && expiryOf(timestamp) > now) {
      this.#trusted = next;
      await this.#keep('timestamp', bytes);
    }
    return timestamp;
  }

  /** 5.5 */
  async snapshot(now: number): Promise<Snapshot> {
    const trusted = present(this.#trusted);
    const meta = present(trusted.timestamp).meta['snapshot.json'];
    const verify = (bytes: Uint8Array) => updateSnapshot(trusted, bytes);
    const { verified, bytes } = await this.#read('snapshot', meta, 'snapshot', verify);
    const snapshot = present(verified.snapshot);
    if (expiryOf(snapshot) > now) {
      this.#trusted = verified;
      await this.#keep('snapshot', bytes);
    }
    return snapshot;
  }

  /** 5.6; undefined when the snapshot does not name it. */
  async targets(now: number): Promise<Targets | undefined> {
    const targets = await this.#targets('targets', undefined, now);
    if (targets !== undefined) this.#trusted = { ...present(this.#trusted), targets };
    return targets;
  }

  /** 5.6.7: a role that is asked, verified by the keys of the delegation that led to it. */
  role({ name, delegator }: SearchedRole, now: number): Promise<Targets | undefined> {
    return this.#targets(name, delegator, now);
  }

  async #targets(role: string, delegator: Targets | undefined, now: number): Promise<Targets | undefined> {
    const trusted = present(this.#trusted);
    const named = present(trusted.snapshot).meta;
    const meta = Object.hasOwn(named, `${role}.json`) ? named[`${role}.json`] : undefined;
    if (meta === undefined) return undefined;
    const verify = (bytes: Uint8Array) => verifyTargets(trusted, role, bytes, undefined, delegator);
    const { verified, bytes } = await this.#read(role, meta, 'targets', verify);
    if (expiryOf(verified) > now) await this.#keep(role, bytes);
    return verified;
  }

  /** From memory if what is there is the file that is named, or from the repository. */
  async #read<T>(role: string, meta: FileMeta, type: TopRole, verify: (bytes: Uint8Array) => T) {
    const before = this.#files.get(memoryName(role));
    const known = before && attempt(() => verify(before));
    if (before !== undefined && known !== undefined) return { verified: known, bytes: before };
    const limit = Math.min(meta.length ?? metadataLimits[type], metadataLimits[type]);
    const encoded = `${encodeURIComponent(role)}.json`;
    const { consistent_snapshot: versioned } = present(this.#trusted).root;
    const bytes = await this.#fetch(versioned ? `${meta.version}.${encoded}` : encoded, limit);
    return { verified: verify(bytes), bytes };
  }

  async #fetch(name: string, limit: number): Promise<Uint8Array> {
    const bytes = await this.#deps.fetch(name, limit);
    if (bytes === undefined)
      throw new SignpostError('NOT_FOUND', `the registry has no ${this.#deps.place}${name}`);
    return bytes;
  }

  async #keep(role: string, bytes: Uint8Array): Promise<void> {
    const name = memoryName(role);
    const before = this.#files.get(name);
    if (before !== undefined && Buffer.from(before).equals(bytes)) return;
    // The one that was read last comes last.
    this.#files.delete(name);
    this.#files.set(name, bytes);
    for (const old of this.#files.keys()) {
      if (sizeOf(this.#files) <= memoryLimit) break;
      if (!topNames.has(old)) this.#files.delete(old);
    }
    await this.#remember();
  }

  async #remember(): Promise<void> {
    await this.#deps.memory?.remember(new Map(this.#files));
  }
}

const topNames: ReadonlySet<string> = new Set([
  'root.json',
  'timestamp.json',
  'snapshot.json',
  'targets.json',
]);

/** The name under which a role is remembered. */
function memoryName(role: string): string {
  return `${encodeURIComponent(role)}.json`;
}

function sizeOf(files: ReadonlyMap<string, Uint8Array>): number {
  return [...files.values()].reduce((sum, { length }) => sum + length, 0);
}

function attempt<T>(verify: () => T): T | undefined {
  try {
    return verify();
  } catch {
    return undefined;
  }
}

function present<T>(value: T | undefined): T {
  if (value !== undefined) return value;
  throw new SignpostError('TRUST', 'a role was verified before the one above it');
}

import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedRepository } from './published-repository.ts';

type Bucket = ReadonlyMap<RepositoryName, PublishedRepository>;

const bucketCount = 1024;
const emptyBucket: Bucket = new Map();

/**
 * Repositories by name. It never changes: a changed one shares with it the buckets that hold nothing new, so that a
 * publication costs as much as it changes, and not as much as there is.
 */
export class RepositoryTable {
  static readonly empty = new RepositoryTable(Array.from({ length: bucketCount }, () => emptyBucket));
  readonly #buckets: readonly Bucket[];

  private constructor(buckets: readonly Bucket[]) {
    this.#buckets = buckets;
  }

  get(name: RepositoryName): PublishedRepository | undefined {
    return this.#buckets[bucketOf(name)]?.get(name);
  }

  /** Begins a table that has what this one has, and more. */
  change(): RepositoryTableChange {
    const buckets = [...this.#buckets];
    const own = new Map<number, Map<RepositoryName, PublishedRepository>>();
    return {
      set(name, repository) {
        const index = bucketOf(name);
        let bucket = own.get(index);
        if (bucket === undefined) {
          bucket = new Map(buckets[index]);
          own.set(index, bucket);
          buckets[index] = bucket;
        }
        bucket.set(name, repository);
      },
      done: () => new RepositoryTable(buckets),
    };
  }
}

interface RepositoryTableChange {
  set(name: RepositoryName, repository: PublishedRepository): void;
  /** The new table. Nothing may be set any more. */
  done(): RepositoryTable;
}

/** FNV-1a. Whoever names repositories is trusted not to make them collide: it is the operator. */
function bucketOf(name: RepositoryName): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % bucketCount;
}

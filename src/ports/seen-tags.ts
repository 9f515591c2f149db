import type { SeenTag } from '../trust/judge-signature.ts';

/** What this machine has verified before, by `host/repository:tag`. Throws SignpostError STORAGE. */
export interface SeenTags {
  find(name: string): Promise<SeenTag | undefined>;
  /** Durable when it returns. */
  remember(name: string, seen: SeenTag): Promise<void>;
}

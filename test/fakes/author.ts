import type { Author } from '../../src/ports/audit-log.ts';

/** Who changes things in tests. */
export const author: Author = { who: 'user root', at: 1_700_000_000_000 };

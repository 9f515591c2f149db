import { randomBytes } from 'node:crypto';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { TokenDeps } from '../../server/admin/issue-token.ts';
import { tokenRandomSize } from '../../server/admin/token-text.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { Config } from '../config/config-schema.ts';
import { localUser } from '../records/local-user.ts';
import { openStorage } from '../records/storage.ts';

export interface TokenCommandParts extends TokenDeps, AsyncDisposable {
  readonly mirrors: Pick<MirrorRegistry, 'list'>;
  readonly random: () => Buffer;
}

/** What `signpost token` works with. */
export async function composeToken(config: Config): Promise<TokenCommandParts> {
  const clock = createSystemClock();
  const storage = await openStorage(config, clock);
  return {
    tokens: storage.tokens,
    mirrors: storage.mirrorRegistry,
    by: { who: localUser(), at: clock.now() },
    random: () => randomBytes(tokenRandomSize),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
}

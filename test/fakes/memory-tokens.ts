import { SignpostError } from '../../src/oci/errors.ts';
import { type StoredToken, type Tokens, tokenLimit } from '../../src/ports/tokens.ts';

/** Tokens in memory. */
export function createMemoryTokens(): Tokens {
  const tokens = new Map<string, StoredToken>();
  return {
    async add(token, forgetBefore) {
      for (const { id, expires, revoked } of tokens.values()) {
        if (Math.min(expires, revoked ?? expires) < forgetBefore) tokens.delete(id);
      }
      if (tokens.size >= tokenLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', `there are ${tokenLimit} tokens already`);
      }
      tokens.set(token.id, token);
    },
    find: async (id) => tokens.get(id),
    list: async () => [...tokens.values()].toSorted((one, other) => one.created - other.created),
    async revoke(id, at) {
      const token = tokens.get(id);
      if (token === undefined) throw new SignpostError('NOT_FOUND', `there is no token "${id}"`);
      const revoked = { ...token, revoked: token.revoked ?? at };
      tokens.set(id, revoked);
      return revoked;
    },
    async markUsed(id, day) {
      const token = tokens.get(id);
      if (token !== undefined) tokens.set(id, { ...token, lastUsed: day });
    },
  };
}

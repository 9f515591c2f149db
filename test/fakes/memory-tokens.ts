import { addedToken, revokedToken } from '../../src/adapters/db/tables/audited-changes.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import { type StoredToken, type Tokens, tokenLimit } from '../../src/ports/tokens.ts';
import { createMemoryAuditLog } from './memory-audit-log.ts';

/** Tokens in memory. */
export function createMemoryTokens(audit = createMemoryAuditLog()): Tokens {
  const tokens = new Map<string, StoredToken>();
  return {
    async add(token, forgetBefore, by) {
      const ended = [...tokens.values()].filter(
        ({ expires, revoked }) => Math.min(expires, revoked ?? expires) < forgetBefore,
      );
      if (tokens.size - ended.length >= tokenLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', `there are ${tokenLimit} tokens already`);
      }
      audit.append(by, addedToken(token));
      for (const { id } of ended) tokens.delete(id);
      tokens.set(token.id, token);
    },
    find: async (id) => tokens.get(id),
    list: async () => [...tokens.values()].toSorted((one, other) => one.created - other.created),
    async revoke(id, by) {
      const token = tokens.get(id);
      if (token === undefined) throw new SignpostError('NOT_FOUND', `there is no token "${id}"`);
      if (token.revoked !== undefined) return token;
      audit.append(by, revokedToken(token));
      const revoked = { ...token, revoked: by.at };
      tokens.set(id, revoked);
      return revoked;
    },
    async markUsed(id, day) {
      const token = tokens.get(id);
      if (token !== undefined) tokens.set(id, { ...token, lastUsed: day });
    },
  };
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import { isSignpostError } from '../../src/oci/errors.ts';
import { type StoredToken, type Tokens, tokenLimit } from '../../src/ports/tokens.ts';
import { author } from '../fakes/author.ts';

/** What every Tokens must do. `open` makes an empty one, and what ends it. */
export function tokensContract(
  name: string,
  open: () => Promise<{ readonly tokens: Tokens; readonly end: () => Promise<void> }>,
): void {
  const using = (work: (tokens: Tokens) => Promise<void>) => async () => {
    const { tokens, end } = await open();
    try {
      await work(tokens);
    } finally {
      await end();
    }
  };
  const token = (number: number, changes: Partial<StoredToken> = {}): StoredToken => ({
    id: number.toString(16).padStart(16, '0'),
    hash: new Uint8Array(32).fill(number),
    role: 'operator',
    label: 'operator of the day',
    created: 1000 + number,
    expires: 50_000,
    ...changes,
  });

  describe(`tokens: ${name}`, () => {
    it(
      'gives back what was kept, in the order in which it was made',
      using(async (tokens) => {
        const second = token(2, { role: 'mirror', mirror: 7 as MirrorId, label: 'Uni Ex\u00e4mple' });
        const first = token(1);
        await tokens.add(second, 0, author);
        await tokens.add(first, 0, author);
        assert.deepEqual(await tokens.list(), [first, second]);
        assert.deepEqual(await tokens.find(second.id), second);
        assert.equal(await tokens.find('ffffffffffffffff'), undefined);
      }),
    );
    it(
      'remembers when a token was revoked first, and the day on which it was used last',
      using(async (tokens) => {
        await tokens.add(token(1), 0, author);
        await tokens.markUsed(token(1).id, 86_400_000);
        await tokens.markUsed('ffffffffffffffff', 86_400_000);
        const ended = { ...token(1), lastUsed: 86_400_000, revoked: 3000 };
        assert.deepEqual(await tokens.revoke(token(1).id, { ...author, at: 3000 }), ended);
        assert.deepEqual(await tokens.revoke(token(1).id, { ...author, at: 4000 }), ended);
        assert.deepEqual(await tokens.list(), [ended]);
        await assert.rejects(tokens.revoke('ffffffffffffffff', author), (error) =>
          isSignpostError(error, 'NOT_FOUND'),
        );
      }),
    );
    it(
      'forgets tokens that ended long ago when one is added, and no others',
      using(async (tokens) => {
        await tokens.add(token(1, { expires: 100 }), 0, author);
        await tokens.add(token(2, { revoked: 100 }), 0, author);
        await tokens.add(token(3, { revoked: 2000 }), 0, author);
        await tokens.add(token(4), 101, author);
        assert.deepEqual(
          (await tokens.list()).map(({ created }) => created),
          [1003, 1004],
        );
      }),
    );
    it(
      'keeps a bounded number of tokens',
      using(async (tokens) => {
        for (let number = 1; number <= tokenLimit; number += 1) await tokens.add(token(number), 0, author);
        const isTooMany = (error: unknown) => isSignpostError(error, 'LIMIT_EXCEEDED');
        await assert.rejects(tokens.add(token(tokenLimit + 1), 0, author), isTooMany);
        assert.equal((await tokens.list()).length, tokenLimit);
      }),
    );
  });
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isSignpostError } from '../../src/oci/errors.ts';
import { type AuditLog, auditReadLimit, auditReadSize, auditValueLimit } from '../../src/ports/audit-log.ts';
import type { MirrorRegistry } from '../../src/ports/mirror-registry.ts';
import { type StoredToken, type Tokens, tokenLimit } from '../../src/ports/tokens.ts';
import { author } from '../fakes/author.ts';
import { newMirror } from '../fakes/mirrors.ts';

interface Opened {
  readonly audit: AuditLog;
  readonly registry: MirrorRegistry;
  readonly tokens: Tokens;
  /** From now on no entry can be written. */
  readonly refuseEntries: () => Promise<void>;
  readonly end: () => Promise<void>;
}

/** What every AuditLog must do, and what changes things and writes into it. `open` makes an empty one. */
export function auditLogContract(name: string, open: () => Promise<Opened>): void {
  const using = (work: (opened: Opened) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await work(opened);
    } finally {
      await opened.end();
    }
  };
  const at = (time: number) => ({ ...author, at: time });
  const token = (id: string): StoredToken => ({
    id,
    hash: new Uint8Array(32),
    role: 'operator',
    label: 'Ada',
    created: 1000,
    expires: 50_000,
  });
  const actionsIn = async (audit: AuditLog) => (await audit.read(10)).map(({ action }) => action);

  describe(`audit log: ${name}`, () => {
    it(
      'takes down what was done elsewhere, in its order',
      using(async ({ audit }) => {
        await audit.add(at(1), []);
        await audit.add(at(5), [
          { action: 'image.publish', subject: 'fedora/base:41', after: { list: 'x' } },
          { action: 'image.refuse', subject: 'fedora/base:42' },
        ]);
        const [second, first] = await audit.read(10);
        assert.deepEqual([first?.action, first?.at, first?.after], ['image.publish', 5, { list: 'x' }]);
        assert.deepEqual(
          [second?.action, second?.subject, second?.after],
          ['image.refuse', 'fedora/base:42', undefined],
        );
      }),
    );

    it(
      'says what was done to mirrors, the newest first, a page at a time',
      using(async ({ audit, registry }) => {
        assert.deepEqual(await audit.read(10), []);
        const added = await registry.add(newMirror({ name: 'one', weight: 1 }), at(1));
        const changed = { ...added, name: 'two', weight: 2 };
        await registry.update(added, changed, at(2));
        await registry.update(changed, changed, at(3));
        await registry.remove(changed, at(4));
        const [newest, middle] = await audit.read(2);
        assert.deepEqual([newest?.action, newest?.subject, newest?.at], ['mirror.remove', 'two', 4]);
        assert.equal(newest?.before?.weight, 2);
        assert.equal(newest.after, undefined);
        assert.deepEqual(
          { ...middle, number: 0 },
          {
            number: 0,
            ...at(2),
            action: 'mirror.change',
            subject: 'one',
            before: { name: 'one', weight: 1 },
            after: { name: 'two', weight: 2 },
          },
        );
        const [oldest, ...more] = await audit.read(2, middle?.number);
        assert.deepEqual(
          [oldest?.action, oldest?.after?.weight, oldest?.before],
          ['mirror.add', 1, undefined],
        );
        assert.deepEqual(more, []);
      }),
    );
    it(
      'says which tokens were made and revoked, and a second revoking is nothing new',
      using(async ({ audit, tokens }) => {
        await tokens.add(token('0123456789abcdef'), 0, at(1));
        await tokens.revoke('0123456789abcdef', at(2));
        await tokens.revoke('0123456789abcdef', at(3));
        const told = { role: 'operator', label: 'Ada', expires: '1970-01-01T00:00:50.000Z' };
        const subject = '0123456789abcdef';
        assert.deepEqual(
          (await audit.read(10)).map((entry) => ({ ...entry, number: 0 })),
          [
            { number: 0, ...at(2), action: 'token.revoke', subject, before: told },
            { number: 0, ...at(1), action: 'token.create', subject, after: told },
          ],
        );
      }),
    );
    it(
      'tells that a webhook leads elsewhere, and not where',
      using(async ({ audit, registry }) => {
        const added = await registry.add(newMirror({ webhook: 'https://one.example/secret' }), at(1));
        await registry.update(added, { ...added, webhook: 'https://two.example/secret' }, at(2));
        const [changed, ...rest] = await audit.read(10);
        assert.deepEqual(Object.keys(changed?.after ?? {}), ['webhook']);
        assert.equal(JSON.stringify([changed, ...rest]).includes('secret'), false);
      }),
    );
    it(
      'has no change without an entry: when that cannot be written, nothing has changed',
      using(async ({ audit, registry, tokens, refuseEntries }) => {
        const one = await registry.add(newMirror({ name: 'one' }), author);
        await tokens.add(token('aa'), 0, author);
        await refuseEntries();
        const isFailure = (error: unknown) => isSignpostError(error, 'STORAGE');
        await assert.rejects(registry.add(newMirror({ name: 'two' }), author), isFailure);
        await assert.rejects(registry.update(one, { ...one, weight: 7 }, author), isFailure);
        await assert.rejects(registry.remove(one, author), isFailure);
        // What this one would forget stays too.
        await assert.rejects(tokens.add(token('bb'), 60_000, author), isFailure);
        await assert.rejects(tokens.revoke('aa', author), isFailure);
        assert.deepEqual(await registry.list(), [one]);
        assert.deepEqual(await tokens.list(), [token('aa')]);
        assert.deepEqual(await actionsIn(audit), ['token.create', 'mirror.add']);
      }),
    );
    it(
      'has no entry without a change: what was refused is not written down',
      using(async ({ audit, registry, tokens }) => {
        const one = await registry.add(newMirror({ name: 'one' }), author);
        const two = await registry.add(newMirror({ name: 'two' }), author);
        await registry.remove(two, author);
        const before = await actionsIn(audit);
        await assert.rejects(registry.add(newMirror({ name: 'one' }), author));
        await assert.rejects(registry.update({ ...one, weight: 9 }, { ...one, weight: 7 }, author));
        await assert.rejects(registry.remove({ ...one, weight: 9 }, author));
        await assert.rejects(registry.remove(two, author));
        await assert.rejects(tokens.revoke('ffffffffffffffff', author));
        assert.deepEqual(await actionsIn(audit), before);
      }),
    );
    it(
      'reads no more than a bounded number of entries at once',
      using(async ({ audit, tokens }) => {
        for (let number = 0; number <= auditReadLimit; number += 1) {
          await tokens.add(token(String(number)), 0, author);
        }
        assert.ok(auditReadLimit < tokenLimit);
        assert.equal((await audit.read(1_000_000)).length, auditReadLimit);
      }),
    );
    it(
      'reads no more than a bounded number of bytes at once, and goes on where it ended',
      using(async ({ audit }) => {
        const text = 'é'.repeat(auditValueLimit / 4);
        const size = Buffer.byteLength(JSON.stringify({ text }));
        const changes = Array.from({ length: 100 }, (_, at) => ({ action: 'a', subject: String(at) }));
        await audit.add(
          author,
          changes.map((change) => ({ ...change, before: { text }, after: { text } })),
        );
        const page = await audit.read(auditReadLimit);
        assert.equal(page.length, Math.ceil(auditReadSize / (2 * size)));
        const [next] = await audit.read(auditReadLimit, page.at(-1)?.number);
        assert.equal(next?.subject, String(99 - page.length));
        assert.deepEqual(next.after, { text });
      }),
    );
    it(
      'keeps the size alone of a value that is too long',
      using(async ({ audit, registry }) => {
        const added = await registry.add(newMirror({ site: 'x'.repeat(auditValueLimit) }), author);
        const [kept] = await audit.read(1);
        assert.deepEqual([kept?.subject, Object.keys(kept?.after ?? {})], [added.name, ['tooLongToKeep']]);
        assert.ok(Number(kept?.after?.tooLongToKeep) > auditValueLimit);
      }),
    );
  });
}

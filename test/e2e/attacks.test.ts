import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import {
  type AttackedClient,
  judgeAttempt,
  startClients,
  writeRevokedKey,
} from './harness/attacks/attack-clients.ts';
import { type AttackTable, formatAttackTable, readAttackTable } from './harness/attacks/attack-table.ts';
import { type AttackWorld, createAttackWorld } from './harness/attacks/attack-world.ts';
import { type AttackName, attacks } from './harness/attacks/attacks.ts';
import { type Play, makeLies } from './harness/attacks/make-lies.ts';
import type { Column, Outcome } from './harness/attacks/outcomes.ts';
import { requirements } from './harness/requirements.ts';

const needs = requirements('containerd', 'docker', 'dockerd', 'gpg', 'notary', 'podman', 'skopeo');
const page = join(import.meta.dirname, '../../docs/attacks.md');

describe('a hostile mirror, Mirror List or thief against stock clients', needs, () => {
  const stack = new AsyncDisposableStack();
  const rows = new Map<AttackName, Map<Column, Outcome>>();
  let world: AttackWorld;
  let clients: readonly AttackedClient[];
  let plays: Readonly<Record<AttackName, Play>>;
  let rounds = 0;

  before(async () => {
    world = stack.use(await createAttackWorld());
    clients = await startClients(world, stack);
    plays = await makeLies(world);
    await writeRevokedKey(world);
  });
  after(() => stack.disposeAsync());

  it('without a lie, every client takes the newest image', async (t) => {
    const honest: Play = { lie: () => undefined, seen: false };
    for (const [column, { outcome, said }] of await play(honest, 'seen'))
      assert.equal(outcome, 'right image', `${column}: ${said}`);
    t.diagnostic(clients.map(({ column, version }) => `${column} ${version}`).join(', '));
  });

  for (const [name, { words }] of Object.entries(attacks) as [AttackName, { words: string }][]) {
    it(words, async (t) => {
      const outcomes = await play(plays[name]);
      rows.set(name, new Map([...outcomes].map(([column, { outcome }]) => [column, outcome])));
      for (const [column, { outcome, said }] of outcomes)
        t.diagnostic(
          `${column}: ${outcome}: ${JSON.stringify(said.trim().split('\n').at(-1)?.slice(0, 250))}`,
        );
    });
  }

  it('docs/attacks.md says what was observed', (t) => {
    assert.deepEqual([...rows.keys()], Object.keys(attacks), 'some attacks were not played');
    const versions = new Map(clients.map(({ column, version }) => [column, version]));
    const before = readAttackTable(readFileSync(page, 'utf8'));
    if (process.env.SIGNPOST_WRITE_DOCS === '1')
      writeFileSync(page, formatAttackTable(complete({ versions, rows }, before)));
    const written = readAttackTable(readFileSync(page, 'utf8'));
    for (const [column, version] of versions) {
      const observed = [...rows].map(([name, row]) => [name, row.get(column)]);
      if (written.versions.get(column) !== version) {
        t.diagnostic(`${column} ${version} is not in the page: ${JSON.stringify(observed)}`);
        continue;
      }
      assert.deepEqual(
        observed,
        [...written.rows].map(([name, row]) => [name, row.get(column)]),
        `${column} did otherwise than ${page} says; to write it anew: SIGNPOST_WRITE_DOCS=1 npm run e2e`,
      );
    }
  });

  /** Has all clients that are concerned meet a lie, at once but for those that share a daemon. */
  async function play(one: Play, remember?: string) {
    const concerned = clients.filter(({ column }) => one.columns?.includes(column) ?? true);
    const outcomes = new Map<Column, { readonly outcome: Outcome; readonly said: string }>();
    rounds += 1;
    world.list.lie = one.lie;
    const meet = async (client: AttackedClient) => {
      const seen = join(world.work.path, 'seen', client.column);
      const memory =
        remember === undefined
          ? world.work.folder(`round-${rounds}`, client.column)
          : world.work.folder('seen', client.column);
      if (one.seen !== false) cpSync(seen, memory, { recursive: true });
      const readOn = world.list.readOn;
      const attempt = await client.attempt(one, memory);
      const outcome = judgeAttempt(world, attempt, world.list.readOn > readOn);
      outcomes.set(client.column, { outcome, said: attempt.said });
    };
    const isDocker = ({ column }: AttackedClient) => column.startsWith('docker');
    const inTurn = async (some: readonly AttackedClient[]) => {
      for (const client of some) await meet(client);
    };
    const groups = [concerned.filter(isDocker), concerned.filter((client) => !isDocker(client))];
    if (one.inTurn === true) await inTurn(groups.flat());
    else await Promise.all(groups.map(inTurn));
    world.list.lie = undefined;
    return new Map(
      concerned.flatMap(({ column }) => {
        const outcome = outcomes.get(column);
        return outcome === undefined ? [] : [[column, outcome] as const];
      }),
    );
  }

  /** What was observed now, and for clients that are not here what the page said before. */
  function complete(now: AttackTable, before: AttackTable): AttackTable {
    const absent = (row: ReadonlyMap<Column, Outcome> = new Map()) =>
      [...row].filter(([column]) => !now.versions.has(column));
    const merged = [...now.rows].map(
      ([name, row]) => [name, new Map([...absent(before.rows.get(name)), ...row])] as const,
    );
    return { versions: new Map([...before.versions, ...now.versions]), rows: new Map(merged) };
  }
});

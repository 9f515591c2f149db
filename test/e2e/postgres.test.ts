import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAdvisoryLock } from '../../src/adapters/db/postgres/advisory-lock.ts';
import { createAuditLog } from '../../src/adapters/db/tables/audit-log.ts';
import { run, runEach } from '../../src/adapters/db/database.ts';
import { type PostgresDatabase, openPostgres } from '../../src/adapters/db/postgres/database.ts';
import { createIssuedRequests } from '../../src/adapters/db/tables/issued-requests.ts';
import { createMirrorHistory } from '../../src/adapters/db/tables/mirror-history.ts';
import { createMirrorRegistry } from '../../src/adapters/db/tables/mirror-registry.ts';
import { createMirrorStates } from '../../src/adapters/db/tables/mirror-states.ts';
import { createPublicationRecord } from '../../src/adapters/db/tables/publication-record.ts';
import { createPublications } from '../../src/adapters/db/tables/publications.ts';
import { createPostgresPublishedContent } from '../../src/adapters/db/postgres/published-content.ts';
import { createPropagation } from '../../src/adapters/db/tables/propagation.ts';
import { createReceivedSignatures } from '../../src/adapters/db/tables/received-signatures.ts';
import { createSerials } from '../../src/adapters/db/tables/serials.ts';
import { createStagedImages } from '../../src/adapters/db/tables/staged-images.ts';
import { createStatistics } from '../../src/adapters/db/tables/statistics.ts';
import { createTokens } from '../../src/adapters/db/tables/tokens.ts';
import { createWebhookOutbox } from '../../src/adapters/db/tables/webhook-outbox.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { auditLogContract } from '../contracts/audit-log.ts';
import { databaseContract } from '../contracts/database.ts';
import { mirrorHistoryContract } from '../contracts/mirror-history.ts';
import { mirrorRegistryContract } from '../contracts/mirror-registry.ts';
import { mirrorStatesContract } from '../contracts/mirror-states.ts';
import { propagationContract } from '../contracts/propagation.ts';
import { publicationRecordContract } from '../contracts/publication-record.ts';
import { publicationsContract } from '../contracts/publications.ts';
import { testReceivedSignatures } from '../contracts/received-signatures.ts';
import { statisticsContract } from '../contracts/statistics.ts';
import { tokensContract } from '../contracts/tokens.ts';
import { webhookOutboxContract } from '../contracts/webhook-outbox.ts';
import { author } from '../fakes/author.ts';
import { newMirror } from '../fakes/mirrors.ts';
import { eventually } from './harness/eventually.ts';
import { type PostgresServer, startPostgres } from './harness/postgres.ts';
import { requirements } from './harness/requirements.ts';
import { createWorkFolder } from './harness/work-folder.ts';

describe('PostgreSQL', requirements('postgres'), () => {
  const work = createWorkFolder();
  const opened: PostgresDatabase[] = [];
  let server: PostgresServer;

  before(async () => {
    server = await startPostgres(work);
  });
  after(async () => {
    for (const database of opened) await database[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    work.remove();
  });

  async function open(url?: string): Promise<PostgresDatabase> {
    const database = await openPostgres({
      url: url ?? (await server.createDatabase()),
      password: server.password,
      connections: 4,
    });
    opened.push(database);
    return database;
  }
  const end = async () => {
    await opened.pop()?.[Symbol.asyncDispose]();
  };

  databaseContract('PostgreSQL', async () => ({ database: await open(), end }));
  publicationsContract('PostgreSQL publications', async () => {
    const database = await open();
    return {
      publications: createPublications(database, { now: () => 1000 }),
      content: createPostgresPublishedContent(database),
      stagedImages: createStagedImages(database),
      issuedRequests: createIssuedRequests(database),
      serials: createSerials(database, { now: () => 1000 }),
    };
  });
  testReceivedSignatures('PostgreSQL received signatures', async () =>
    createReceivedSignatures(await open()),
  );
  mirrorRegistryContract('PostgreSQL', async () => ({ registry: createMirrorRegistry(await open()), end }));
  mirrorStatesContract('PostgreSQL', async () => {
    const database = await open();
    return { registry: createMirrorRegistry(database), states: createMirrorStates(database), end };
  });
  mirrorHistoryContract('PostgreSQL', async () => {
    const database = await open();
    const registry = createMirrorRegistry(database);
    const one = await registry.add(newMirror({ name: 'one' }), author);
    const other = await registry.add(newMirror({ name: 'other' }), author);
    return {
      history: createMirrorHistory(database),
      mirrors: [one.id, other.id],
      removeFirst: () => registry.remove(one, author),
      end,
    };
  });
  webhookOutboxContract('PostgreSQL', async () => {
    const database = await open();
    const registry = createMirrorRegistry(database);
    const one = await registry.add(newMirror({ name: 'one' }), author);
    const other = await registry.add(newMirror({ name: 'other' }), author);
    return {
      outbox: createWebhookOutbox(database),
      mirrors: [one.id, other.id],
      removeFirst: () => registry.remove(one, author),
      end,
    };
  });

  tokensContract('PostgreSQL', async () => ({ tokens: createTokens(await open()), end }));
  auditLogContract('PostgreSQL', async () => {
    const database = await open();
    return {
      audit: createAuditLog(database),
      registry: createMirrorRegistry(database),
      tokens: createTokens(database),
      refuseEntries: () =>
        database.note('refuse', function* () {
          yield* run('CREATE TRIGGER no_entry BEFORE INSERT ON audit_log EXECUTE FUNCTION refuse_change()');
        }),
      end,
    };
  });
  publicationRecordContract('PostgreSQL', async (events) => {
    const database = await open();
    let now = 0;
    const publications = createPublications(database, { now: () => (now += 1000) });
    for (const event of events) await publications.publish(event);
    return { record: createPublicationRecord(database), end };
  });
  statisticsContract('PostgreSQL', async () => ({ statistics: createStatistics(await open()), end }));
  propagationContract('PostgreSQL', async () => ({ propagation: createPropagation(await open()), end }));

  it('makes its tables once when many open it at the same time', async () => {
    const url = await server.createDatabase();
    const databases = await Promise.all(Array.from({ length: 6 }, () => open(url)));
    for (const database of databases) {
      assert.equal((await createPostgresPublishedContent(database).changes(0)).serial, 0);
    }
  });

  it('refuses the tables of a newer version', async () => {
    const url = await server.createDatabase();
    const database = await open(url);
    await database.note('pretend', () => run('UPDATE schema_version SET version = 99'));
    await assert.rejects(open(url), { code: 'STORAGE', message: /newer Signpost/ });
  });

  it('gives publications by many at the same time a serial each, and loses none', async () => {
    const url = await server.createDatabase();
    const managers = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    const repository = parseRepositoryName('fedora/base');
    const serials = await Promise.all(
      managers.flatMap((database, manager) =>
        Array.from({ length: 10 }, (_, at) =>
          createPublications(database, { now: () => 1 }).publish({
            tags: [],
            manifests: [],
            blobs: [{ repository, digest: digestOf(`${manager} ${at}`), size: at }],
          }),
        ),
      ),
    );
    assert.deepEqual(
      serials.toSorted((a, b) => a - b),
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
    const [first] = managers;
    assert.ok(first !== undefined);
    let blobs = 0;
    for await (const batch of createPostgresPublishedContent(first).blobs()) blobs += batch.length;
    assert.equal(blobs, 40);
  });

  it('publishes all or nothing', async () => {
    const database = await open();
    const publications = createPublications(database, { now: () => 1 });
    const repository = parseRepositoryName('fedora/base');
    const blob = { repository, digest: digestOf('x'), size: 1 };
    const broken = { ...blob, digest: digestOf('y'), size: Number.NaN };
    const publish = (blobs: readonly (typeof blob)[]) =>
      publications.publish({ tags: [], manifests: [], blobs });
    await assert.rejects(publish([blob, broken]), { code: 'STORAGE', message: /cannot publish/ });
    assert.equal((await publications.serials()).serial, 0);
    assert.equal(await publications.findBlob(blob.digest), undefined);
    assert.equal(await publish([blob]), 1);
  });

  it('keeps others out of a lock, says who has it, and gives it back when the holder is gone', async () => {
    const url = await server.createDatabase();
    const [here, there] = [await open(url), await open(url)];
    const held = await createAdvisoryLock(here, 'publish').acquire('content');
    await assert.rejects(createAdvisoryLock(there, 'accept').acquire('content'), {
      code: 'LOCKED',
      message: new RegExp(
        `another process works on the same data \\(signpost publish, process ${process.pid} on `,
      ),
    });
    await (await createAdvisoryLock(there, 'accept').acquire('another job'))[Symbol.asyncDispose]();
    await held[Symbol.asyncDispose]();
    await createAdvisoryLock(there, 'accept').acquire('content');
    await server.dropConnections(url);
    const free = async () => {
      try {
        await using _again = await createAdvisoryLock(here, 'scrub').acquire('content');
        return true;
      } catch {
        return false;
      }
    };
    await eventually('the lock of a connection that was cut is free', 10_000, free);
  });

  it('works on when its connections were cut', async () => {
    const url = await server.createDatabase();
    const registry = createMirrorRegistry(await open(url));
    await registry.add(newMirror({ name: 'one' }), author);
    await server.dropConnections(url);
    // A connection that was just cut may be found out by using it.
    await registry.list().catch(() => undefined);
    assert.equal((await registry.list()).length, 1);
  });

  it('fails a transaction whose connection is cut amid many statements, and does the next one', async () => {
    const url = await server.createDatabase();
    const database = await open(url);
    const slow = database.note('wait', () =>
      runEach(
        'SELECT pg_sleep($1)',
        Array.from({ length: 1000 }, () => [0.05]),
      ),
    );
    const cut = assert.rejects(slow, { code: 'STORAGE', message: /cannot wait/ });
    await server.dropConnections(url);
    await cut;
    assert.equal((await database.note('count', () => run('SELECT 1 AS one'))).length, 1);
  });

  it('says what is wrong, and never the password', async () => {
    const url = await server.createDatabase();
    const wrong = openPostgres({ url, password: 'a wrong secret', connections: 2 });
    await assert.rejects(wrong, (error: Error) => {
      assert.match(error.message, /password authentication failed/);
      assert.doesNotMatch(error.message, /a wrong secret/);
      return true;
    });
  });
});

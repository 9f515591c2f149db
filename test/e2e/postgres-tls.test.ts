import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { createMirrorRegistry } from '../../src/adapters/db/tables/mirror-registry.ts';
import { openPostgres } from '../../src/adapters/db/postgres/database.ts';
import { createCertificateAuthority } from '../../demo/certificates.ts';
import { type Certificates, createCertificates } from './harness/certificates.ts';
import { type PostgresServer, startPostgres } from './harness/postgres.ts';
import { requirements } from './harness/requirements.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const hour = 3_600_000;

describe('PostgreSQL over TLS', requirements('postgres'), () => {
  const work = createWorkFolder();
  let certificates: Certificates;
  /** Takes nobody without TLS, and is certified as "localhost". */
  let server: PostgresServer;
  let url: string;

  before(async () => {
    certificates = await createCertificates(work, ['localhost']);
    server = await startPostgres(work, { tls: certificates });
    url = await server.createDatabase();
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    work.remove();
  });

  function open(parameters: Readonly<Record<string, string>>, host = 'localhost', of = url) {
    const whole = new URL(of);
    whole.hostname = host;
    whole.search = new URLSearchParams(parameters).toString();
    return openPostgres({ url: whole.href, password: server.password, connections: 2 });
  }
  const verified = () => ({ sslmode: 'verify-full', sslrootcert: certificates.authority });

  it('encrypts each connection, once it has seen that the server is the one that was named', async () => {
    await using database = await open(verified());
    assert.deepEqual(await createMirrorRegistry(database).list(), []);
    const sql =
      'SELECT count(*) AS open FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1 AND ssl';
    const lock = await database.connect('a lock');
    try {
      const [row] = (await lock.query<{ open: string }>(sql, ['signpost'])).rows;
      assert.equal(row?.open, '2', 'that of the pool, and this one');
    } finally {
      await lock.end();
    }
  });

  it('refuses a server whose certificate is by another authority, or by none that is known', async () => {
    const validity = { notBefore: Date.now() - hour, notAfter: Date.now() + hour };
    const other = await createCertificateAuthority('Signpost test authority', validity);
    writeFileSync(work.file('other.pem'), other.certificate);
    const message =
      /cannot connect: its certificate is by an authority that is not trusted here.*sslrootcert/;
    await assert.rejects(open({ ...verified(), sslrootcert: work.file('other.pem') }), {
      code: 'STORAGE',
      message,
    });
    await assert.rejects(open({ sslmode: 'verify-full' }), { code: 'STORAGE', message });
  });

  it('refuses a server whose certificate is for another host', async () => {
    await assert.rejects(open(verified(), '127.0.0.1'), {
      code: 'STORAGE',
      message: /cannot connect: .*127\.0\.0\.1 is not in the cert's list/,
    });
  });

  it('says that the server demands encryption', async () => {
    for (const parameters of [{ sslmode: 'disable' }, {}]) {
      await assert.rejects(open(parameters), {
        code: 'STORAGE',
        message: /cannot connect: .*no encryption: with "sslmode=verify-full"/,
      });
    }
  });

  it('does not go on in the open where the server has no TLS', async () => {
    await using plain = await startPostgres(work);
    await assert.rejects(open(verified(), '127.0.0.1', await plain.createDatabase()), {
      code: 'STORAGE',
      message: /cannot connect: .*does not support SSL/,
    });
  });
});

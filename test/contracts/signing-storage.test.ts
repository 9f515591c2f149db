import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { createReceivedSignatures } from '../../src/adapters/db/tables/received-signatures.ts';
import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { openSignerRecord } from '../../src/adapters/db/sqlite/signer-record.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { createMemoryReceivedSignatures } from '../fakes/memory-received-signatures.ts';
import { createMemorySignerRecord } from '../fakes/memory-signer-record.ts';
import { testReceivedSignatures } from './received-signatures.ts';
import { testSignerRecord } from './signer-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-signing-'));
const open: (() => void)[] = [];
let count = 0;
const fresh = () => join(folder, `${(count += 1)}`, 'file.db');

after(() => {
  for (const close of open) close();
  rmSync(folder, { recursive: true });
});

testSignerRecord('memory signer record', createMemorySignerRecord);
testSignerRecord('SQLite signer record', () => {
  const record = openSignerRecord(fresh());
  open.push(() => record[Symbol.dispose]());
  return record;
});
testReceivedSignatures('memory received signatures', createMemoryReceivedSignatures);
testReceivedSignatures('SQLite received signatures', () => {
  const database = openDatabase(fresh());
  open.push(() => database.close());
  return createReceivedSignatures(createSqliteDatabase(database));
});

test('the signer record survives the process, and keeps a second signer out', () => {
  const path = fresh();
  const first = openSignerRecord(path);
  const answer = { request: digestOf('a request'), bundle: digestOf('a bundle') };
  first.add([{ reference: 'host/a:1', list: digestOf('a'), serial: 9, signed: 1 }], answer);
  assert.throws(() => openSignerRecord(path), { code: 'LOCKED', message: /another process is signing/ });
  first[Symbol.dispose]();
  const second = openSignerRecord(path);
  assert.equal(second.highestSerial('host/a'), 9);
  assert.equal(second.findBundle(answer.request), answer.bundle);
  assert.throws(() => openSignerRecord(path), { code: 'LOCKED' });
  second[Symbol.dispose]();
});

test('a record of the first version is taken along', () => {
  const path = fresh();
  openSignerRecord(path)[Symbol.dispose]();
  const old = new DatabaseSync(path);
  old.exec(`DROP TABLE signed_requests; DROP TABLE signed_files; PRAGMA user_version = 1;
    INSERT INTO signed_repositories VALUES ('host/a', 5)`);
  old.close();
  using record = openSignerRecord(path);
  assert.equal(record.highestSerial('host/a'), 5);
  assert.equal(record.findBundle(digestOf('a request')), undefined);
});

test('a record of a later version is left alone', () => {
  const path = fresh();
  openSignerRecord(path)[Symbol.dispose]();
  const newer = new DatabaseSync(path);
  newer.exec('PRAGMA user_version = 99');
  newer.close();
  assert.throws(() => openSignerRecord(path), { code: 'STORAGE', message: /newer Signpost/ });
});

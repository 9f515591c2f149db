import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createSqliteReceivedSignatures } from '../../src/adapters/sqlite/received-signatures.ts';
import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { openSignerRecord } from '../../src/adapters/sqlite/signer-record.ts';
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
  return createSqliteReceivedSignatures(database);
});

test('the signer record survives the process, and keeps a second signer out', () => {
  const path = fresh();
  const first = openSignerRecord(path);
  first.add([{ reference: 'host/a:1', list: digestOf('a'), serial: 9, signed: 1 }]);
  assert.throws(() => openSignerRecord(path), { code: 'LOCKED', message: /another process is signing/ });
  first[Symbol.dispose]();
  const second = openSignerRecord(path);
  assert.equal(second.highestSerial('host/a'), 9);
  assert.throws(() => openSignerRecord(path), { code: 'LOCKED' });
  second[Symbol.dispose]();
});

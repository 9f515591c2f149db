import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Digest, parseDigest } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { SignedTag, SignerRecord } from '../../../ports/signer-record.ts';
import { refuseForeignRoot } from '../../files/folder-owner.ts';
import { makeFolders, makePrivateFile } from '../../files/permissions.ts';
import { databaseResult, storageError } from '../../files/storage-error.ts';
import { inTransaction } from './database.ts';

/** SQLITE_BUSY */
const busy = 5;

/** One entry for each version of the tables. Entries are only ever added. */
const schemas = [
  `
  CREATE TABLE signed_tags (
    reference TEXT PRIMARY KEY,
    repository TEXT NOT NULL,
    list TEXT NOT NULL,
    serial INTEGER NOT NULL,
    signed INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE signed_repositories (
    repository TEXT PRIMARY KEY,
    serial INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE signed_requests (
    request TEXT PRIMARY KEY,
    bundle TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE signed_files (
    name TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT;
  `,
];

/**
 * Opens the signer's record, and keeps every other process out of it until it is closed.
 * @throws SignpostError LOCKED when another signer has it, STORAGE
 */
export function openSignerRecord(path: string): SignerRecord & Disposable {
  const database = open(path);
  const find = database.prepare(
    'SELECT reference, list, serial, signed FROM signed_tags WHERE reference = ?',
  );
  const highest = database.prepare('SELECT serial FROM signed_repositories WHERE repository = ?');
  const putTag = database.prepare('INSERT OR REPLACE INTO signed_tags VALUES (?, ?, ?, ?, ?)');
  // Never lowered: a rollback that was allowed once is no licence for the next one.
  const putRepository = database.prepare(
    'INSERT INTO signed_repositories VALUES (?, ?) ON CONFLICT (repository) DO UPDATE SET serial = max(serial, excluded.serial)',
  );
  const findBundle = database.prepare('SELECT bundle FROM signed_requests WHERE request = ?');
  const putRequest = database.prepare('INSERT OR REPLACE INTO signed_requests VALUES (?, ?)');
  const listFiles = database.prepare('SELECT name, bytes FROM signed_files');
  const putFile = database.prepare('INSERT OR REPLACE INTO signed_files VALUES (?, ?)');
  return {
    files: () =>
      attempt(
        path,
        () => new Map(listFiles.all().map(({ name, bytes }) => [String(name), bytes as Uint8Array])),
      ),
    findBundle: (request) =>
      attempt(path, () => {
        const row = findBundle.get(request);
        return row === undefined ? undefined : parseDigest(row.bundle);
      }),
    find: (reference) => attempt(path, () => readTag(find.get(reference))),
    highestSerial: (repository) => attempt(path, () => Number(highest.get(repository)?.serial ?? 0)),
    add(tags, { request, bundle }, files = []) {
      attempt(path, () =>
        inTransaction(database, () => {
          for (const { reference, list, serial, signed } of tags) {
            const repository = repositoryOf(reference);
            putTag.run(reference, repository, list, serial, signed);
            putRepository.run(repository, serial);
          }
          putRequest.run(request, bundle);
          for (const file of files) putFile.run(file.name, file.bytes);
        }),
      );
    },
    [Symbol.dispose]: () => database.close(),
  };
}

function open(path: string): DatabaseSync {
  return attempt(path, () => {
    refuseForeignRoot(dirname(path), "folder of the signer's record");
    makeFolders(dirname(path), 'owner');
    makePrivateFile(path, 'owner');
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // With exclusive locking the first write keeps the lock until the database is closed, or the process is gone.
      database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA',
      );
      inTransaction(database, () => prepare(database, path));
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function prepare(database: DatabaseSync, path: string): void {
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (version > schemas.length) {
    throw new SignpostError(
      'STORAGE',
      `${path} was written by a newer Signpost: use that version or a newer one`,
    );
  }
  for (const schema of schemas.slice(version)) database.exec(schema);
  // A write of its own, so that the lock is taken in any case.
  database.exec(`PRAGMA user_version = ${schemas.length}`);
}

function readTag(row: Record<string, unknown> | undefined): SignedTag | undefined {
  if (row === undefined) return undefined;
  const list: Digest = parseDigest(row.list);
  return { reference: String(row.reference), list, serial: Number(row.serial), signed: Number(row.signed) };
}

/** `host/repository` of `host/repository:tag`. */
function repositoryOf(reference: string): string {
  return reference.slice(0, reference.lastIndexOf(':'));
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (databaseResult(cause) === busy) {
      throw new SignpostError('LOCKED', `another process is signing with the record ${path}`, { cause });
    }
    throw storageError(`use the signer's record ${path}`, cause, path);
  }
}

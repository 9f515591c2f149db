import { join } from 'node:path';
import { createEventLoopTurns } from '../../adapters/time/event-loop-turns.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { openDatabase, openDatabaseForReading } from '../../adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../adapters/db/sqlite/sqlite-database.ts';
import { createMirrorRegistry } from '../../adapters/db/tables/mirror-registry.ts';
import { createTables } from '../../adapters/db/tables/tables.ts';
import { createSqlitePublishedContent } from '../../adapters/db/sqlite/published-content.ts';
import { startStorageThread } from '../../adapters/db/sqlite/storage-thread.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Config } from '../config/config-schema.ts';
import type { ServeStorage, Storage } from '../../ports/storage.ts';

/** The database in the data folder, of one machine. */
export function openSqliteStorage({ data }: Pick<Config, 'data'>, clock: Clock): Storage {
  const path = join(data, 'signpost.db');
  using opened = new DisposableStack();
  const database = opened.adopt(openDatabase(path), (it) => it.close());
  // A connection of its own: what is published is read in pieces, while the other one reads and writes.
  const reading = opened.adopt(openDatabaseForReading(path), (it) => it.close());
  const storage = {
    ...createTables(createSqliteDatabase(database), clock),
    createLock: (command: string) => createProcessLock(join(data, 'locks'), command, clock),
    publishedContent: createSqlitePublishedContent(reading),
  };
  const open = opened.move();
  return {
    ...storage,
    [Symbol.asyncDispose]() {
      open.dispose();
      return Promise.resolve();
    },
  };
}

/** Reading never waits for a writer here; whatever holds everybody off is tried again by the next look. */
const shortPatience = 50;
/** Milliseconds of reading after which requests get their turn. */
const longestPiece = 2;

/**
 * The same for a server, whose event loop must never wait: it only reads what routing needs, in pieces, and two threads do
 * all else. One writes, and may wait for another process that does; the other one reads meanwhile.
 */
export async function openThreadedSqliteStorage({ data }: Pick<Config, 'data'>): Promise<ServeStorage> {
  const path = join(data, 'signpost.db');
  await using opened = new AsyncDisposableStack();
  const open = () => opened.adopt(openDatabaseForReading(path, shortPatience), (it) => it.close());
  const content = open();
  const mirrors = open();
  const { ports: writer } = opened.use(startStorageThread({ path, access: 'write' }));
  const { ports: reader } = opened.use(startStorageThread({ path, access: 'read' }));
  const storage = {
    publishedContent: createSqlitePublishedContent(content),
    publications: reader.publications,
    publicationRecord: reader.publicationRecord,
    stagedImages: reader.stagedImages,
    audit: divide(reader.audit, writer.audit, ['add']),
    mirrorRegistry: divide(
      createMirrorRegistry(createSqliteDatabase(mirrors), createEventLoopTurns(longestPiece)),
      writer.mirrorRegistry,
      ['add', 'update', 'remove'],
    ),
    mirrorStates: divide(reader.mirrorStates, writer.mirrorStates, ['save']),
    mirrorHistory: divide(reader.mirrorHistory, writer.mirrorHistory, ['add', 'prune']),
    statistics: divide(reader.statistics, writer.statistics, ['add', 'prune']),
    propagation: divide(reader.propagation, writer.propagation, ['add', 'thin']),
    tokens: divide(reader.tokens, writer.tokens, ['add', 'revoke', 'markUsed']),
    webhookOutbox: divide(reader.webhookOutbox, writer.webhookOutbox, ['put', 'remove']),
  };
  const running = opened.move();
  return { ...storage, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A port that does what is in `writing` by the one, and all else by the other. */
function divide<Port extends object>(reader: Port, writer: Port, writing: readonly (keyof Port)[]): Port {
  return new Proxy(reader, {
    get: (_target, name) =>
      Reflect.get(writing.includes(name as keyof Port) ? writer : reader, name) as unknown,
  });
}

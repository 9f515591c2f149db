import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { openDatabase, openDatabaseForReading } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { createIssuedRequests } from '../../src/adapters/db/tables/issued-requests.ts';
import { createPublications } from '../../src/adapters/db/tables/publications.ts';
import { createSqlitePublishedContent } from '../../src/adapters/db/sqlite/published-content.ts';
import { createSerials } from '../../src/adapters/db/tables/serials.ts';
import { createStagedImages } from '../../src/adapters/db/tables/staged-images.ts';
import { createMemoryPublications } from '../fakes/memory-publications.ts';
import { publicationsContract } from './publications.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-database-'));
const open: { close(): void }[] = [];
let number = 0;
after(async () => {
  for (const database of open) database.close();
  await rm(folder, { recursive: true });
});

publicationsContract('memory publications', createMemoryPublications);

for (const reading of ['its own connection', 'the same connection'] as const) {
  publicationsContract(`SQLite publications, read over ${reading}`, () => {
    const path = join(folder, `${number++}.db`);
    const database = openDatabase(path);
    const reader = reading === 'the same connection' ? database : openDatabaseForReading(path);
    open.push(database, ...(reader === database ? [] : [reader]));
    return {
      publications: createPublications(createSqliteDatabase(database), { now: () => 1000 }),
      content: createSqlitePublishedContent(reader),
      stagedImages: createStagedImages(createSqliteDatabase(database)),
      issuedRequests: createIssuedRequests(createSqliteDatabase(database)),
      serials: createSerials(createSqliteDatabase(database), { now: () => 1000 }),
    };
  });
}

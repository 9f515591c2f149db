import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { createFileStaging } from '../../src/adapters/tree/file-staging.ts';
import { createMemoryStaging } from '../fakes/memory-staging.ts';
import { stagingContract } from './staging.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-staging-'));
after(() => rm(folder, { recursive: true }));

stagingContract('memory staging', async () => createMemoryStaging());
stagingContract('file staging', async () => createFileStaging(await mkdtemp(join(folder, 'staging-'))));

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openArchiveFiles } from '../../../src/adapters/source/archive/archive-files.ts';
import { readDockerManifest } from '../../../src/adapters/source/archive/docker-manifest.ts';
import { createTemporaryFolder } from '../../../src/adapters/source/temporary-folder.ts';
import { judgeError } from '../judge-error.ts';
import { buildTar, buildTarOfFiles } from '../../fakes/tar-builder.ts';
import type { FuzzReader } from '../reader.ts';

const hex = '0123456789abcdef'.repeat(4);
const manifest = JSON.stringify([
  { Config: `${hex}.json`, RepoTags: ['base:41'], Layers: [`${hex}/layer.tar`] },
]);
const files = buildTarOfFiles({
  'manifest.json': manifest,
  [`${hex}.json`]: '{"os":"linux"}',
  [`${hex}/layer.tar`]: 'layer',
  [`./${'long/'.repeat(40)}name`]: 'x',
});
const links = buildTar([
  { path: `${hex}/`, type: 'Directory' },
  { path: `${hex}/layer.tar`, type: 'SymbolicLink', linkpath: `../${hex.replaceAll('0', '1')}/layer.tar` },
  { path: 'manifest.json', content: manifest },
]);
const limits = { size: 4 * 1024 * 1024, entries: 1000 };

/** Archives as `docker save` writes them, compressed and not. Headers are only half a test: content is hashed later. */
export function createArchiveReaders(): readonly FuzzReader[] {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-fuzz-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'archive.tar');
  const { signal } = new AbortController();
  return [
    {
      name: 'archive',
      seeds: [files, links, gzipSync(files)],
      async read(bytes) {
        writeFileSync(path, bytes);
        const temporary = createTemporaryFolder(folder);
        try {
          const opened = await openArchiveFiles(path, temporary, limits, signal);
          try {
            await readDockerManifest(opened, {}, signal);
          } finally {
            await opened.close();
          }
        } catch (error) {
          if (judgeError(error) !== undefined) throw error;
        } finally {
          await temporary.remove();
        }
      },
    },
  ];
}

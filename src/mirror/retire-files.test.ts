import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatContentsIndex } from '../tree/contents-index.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { type RepositoryName, parseRepositoryName } from '../oci/reference.ts';
import { RetiredFiles } from './retired-files.ts';
import { removeRetired, retireFiles } from './retire-files.ts';

const name = parseRepositoryName('fedora');
const blob = (text: string) => `v2/fedora/blobs/${digestOf(text)}`;

/** A copy that holds what is in `files`: it says which lists were read. */
function createFolder(files: Map<string, string>) {
  const read: string[] = [];
  const removed: string[] = [];
  return {
    read,
    removed,
    folder: {
      read: (path: string) => {
        const text = files.get(path);
        return Promise.resolve(text === undefined ? undefined : Buffer.from(text));
      },
      async *lines(path: string) {
        read.push(path);
        const text = files.get(path);
        if (text === undefined) assert.fail(`there is no ${path}`);
        yield* text.split('\n');
      },
      names: () => Promise.resolve(new Set([...files.keys()].map((path) => path.split('/')[1] ?? ''))),
      remove: (path: string) => Promise.resolve(void removed.push(path)),
    },
    writer: { place: () => Promise.resolve() },
  };
}

/** Lists are named for their text; `old` and `next` are of the repository, where it has one. */
async function retire(old: string | undefined, next: string | undefined, held: readonly string[]) {
  const files = new Map(held.map((text) => [`contents/${digestOf(text)}`, text]));
  const indexOf = (serial: number, list: string | undefined) => ({
    serial,
    repositories: new Map<RepositoryName, { serial: number; digest: Digest; size: number }>(
      list === undefined ? [] : [[name, { serial: 1, digest: digestOf(list), size: list.length }]],
    ),
  });
  const put = (bytes: Uint8Array) => {
    files.set(`contents/${digestOf(bytes)}`, Buffer.from(bytes).toString());
    return { digest: digestOf(bytes), size: bytes.length };
  };
  const before = { serial: 1, contents: put(formatContentsIndex(indexOf(1, old))) };
  const index = indexOf(2, next);
  const marker = { serial: 2, contents: put(formatContentsIndex(index)) };
  const world = createFolder(files);
  const retired = await RetiredFiles.load({ read: () => Promise.resolve(undefined) });
  const deps = { ...world, clock: { now: () => 0 } };
  await retireFiles(deps, retired, before, { marker, index, carries: () => true });
  return { ...world, retired, deps, due: retired.due(0, 0), old: `contents/${before.contents.digest}` };
}

const both = `head\n${blob('a')} 1\n${blob('b')} 1`;
const one = `head\n${blob('a')} 1`;

test('what the old list names and the new one does not is retired, and the old lists with it', async () => {
  const { due, read, old } = await retire(both, one, [both, one]);
  assert.deepEqual(due.toSorted(), [`contents/${digestOf(both)}`, old, blob('b')].toSorted());
  assert.equal(read.length, 2);
});

test('a repository that is gone is retired whole', async () => {
  const { due } = await retire(one, undefined, [one]);
  assert.ok(due.includes(blob('a')));
});

test('a list that is the same is not read, and one that is not here cannot be', async () => {
  const same = await retire(both, both, [both]);
  assert.deepEqual([same.read, same.due], [[], [same.old]]);
  const lost = await retire(both, one, [one]);
  assert.deepEqual([lost.read, lost.due], [[], [lost.old]]);
});

test('files go once the grace is over, and not before', async () => {
  const { retired, deps, removed } = await retire(both, one, [both, one]);
  assert.equal(await removeRetired({ ...deps, clock: { now: () => 999 } }, retired, 1000), 0);
  assert.equal(await removeRetired({ ...deps, clock: { now: () => 1000 } }, retired, 1000), 3);
  assert.ok(removed.includes(blob('b')) && !removed.includes(blob('a')));
});

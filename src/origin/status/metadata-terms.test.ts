import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createNotaryKeyring,
  createNotaryMachine,
  makeNotaryRoot,
} from '../../../test/fakes/notary-world.ts';
import { createTufKeyring, createTufMachine, hour, makeRoot } from '../../../test/fakes/tuf-world.ts';
import { readPublishedNotary, readPublishedTuf } from '../accept/published-metadata.ts';
import { parseRegistryHost, parseRepositoryName } from '../../oci/reference.ts';
import { readNotaryTerms, readTufTerms } from './metadata-terms.ts';
import type { RoleTerm } from './role-term.ts';

const now = Date.UTC(2026, 10, 23);
const registry = parseRegistryHost('images.example.org');
const repository = parseRepositoryName('a/b');

/** A tree in memory; `files` by path. Everything in it was put there at `now`. */
function depsFor(files: ReadonlyMap<string, Uint8Array>) {
  const metadataTree = {
    read: async (path: string) => files.get(path),
    placedAt: async (path: string) => (files.has(path) ? now : undefined),
  };
  return {
    metadataTree,
    registry,
    readTuf: () => readPublishedTuf(metadataTree),
    readNotary: () => readPublishedNotary(metadataTree, { registry, repository }),
  };
}

function below(folder: string, files: ReadonlyMap<string, Uint8Array>) {
  return new Map([...files].map(([path, bytes]) => [folder + path, bytes]));
}

/** Hours of life by role and repository. */
function livesOf(terms: readonly RoleTerm[]) {
  return Object.fromEntries(
    terms.map(({ role, repository: of, expires, created }) => [
      `${role} ${of ?? ''}`.trim(),
      created === undefined ? 'unreadable' : (expires - created) / hour,
    ]),
  );
}

test('each role of TUF lives as long as its newest file says', async () => {
  const keyring = createTufKeyring();
  const first = await makeRoot(keyring, keyring.root, now + 1000 * hour);
  const second = await makeRoot(keyring, keyring.root, now + 9000 * hour, first.root);
  const machine = createTufMachine(keyring, [first.bytes, second.bytes]);
  await machine.sign(['a/b:1', 'c:1'], now - 50 * hour);
  await machine.sign(['a/b:2'], now);
  const files = below('tuf/', machine.published);
  assert.deepEqual(livesOf(await readTufTerms(depsFor(files))), {
    'tuf-root': 9000,
    'tuf-timestamp': 20,
    'tuf-snapshot': 200,
    'tuf-targets': 2000,
    'tuf-targets a/b': 2000,
    'tuf-targets c': 1950,
  });
  files.set('tuf/timestamp.json', Buffer.from('{'));
  assert.deepEqual(livesOf(await readTufTerms(depsFor(files))), { 'tuf-metadata': 'unreadable' });
  assert.deepEqual(await readTufTerms(depsFor(new Map())), []);
});

test('each role of Notary v1 too', async () => {
  const keyring = await createNotaryKeyring('images.example.org/a/b', now);
  const root = await makeNotaryRoot(keyring, now + 9000 * hour);
  const machine = createNotaryMachine(registry);
  await machine.sign(keyring, [root.bytes], ['a/b:1'], now - 50 * hour);
  await machine.sign(keyring, [root.bytes], ['a/b:2'], now);
  const files = below('v2/', machine.published);
  assert.deepEqual(livesOf(await readNotaryTerms(depsFor(files), repository)), {
    'notary-root a/b': 9000,
    'notary-timestamp a/b': 20,
    'notary-snapshot a/b': 200,
    'notary-targets a/b': 2000,
    'notary-targets/releases a/b': 2000,
  });
  for (const path of files.keys()) if (path.includes('/snapshot.')) files.delete(path);
  assert.deepEqual(livesOf(await readNotaryTerms(depsFor(files), repository)), {
    'notary-root a/b': 9000,
    'notary-timestamp a/b': 20,
    'notary-metadata a/b': 'unreadable',
  });
});

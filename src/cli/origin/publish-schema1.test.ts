import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import type { BuiltManifest } from '../../../test/fakes/image-builder.ts';
import { type RegistryServer, startRegistryServer } from '../../../test/fakes/registry-server.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { readSchema1 } from '../../trust/schema1/read-schema1.ts';

const vectors = join(import.meta.dirname, '../../../test/vectors');
const signed = await readFile(join(vectors, 'schema1/libtrust-es256-rs256.json'));
const { digest } = readSchema1(signed);
const root = await mkdtemp(join(tmpdir(), 'signpost-schema1-'));
let registry: RegistryServer;
let number = 0;

before(async () => {
  const mediaType = mediaTypes.dockerSchema1Signed;
  const descriptor = { mediaType, digest, size: signed.length };
  const image: BuiltManifest = {
    manifest: signed,
    digest,
    mediaType,
    descriptor,
    blobs: new Map(),
    manifests: new Map(),
  };
  registry = await startRegistryServer({
    'old/image:1': { ...image, manifests: new Map([[digest, image]]) },
  });
});
after(async () => {
  await registry.close();
  await rm(root, { recursive: true });
});
beforeEach(() => {
  delete registry.knobs.damage;
  delete registry.knobs.manifestType;
});

async function publish(schema1: string, reference = ':1') {
  const data = join(root, `data-${number++}`);
  const config = `${data}.yaml`;
  const rule = { match: 'old/*', keys: [join(vectors, 'openpgp/ed25519.pgp')], schema1 };
  await writeFile(config, JSON.stringify({ data, repositories: [rule] }));
  const source = `docker://${registry.host}/old/image${reference}`;
  const options = ['--source-plain-http', '--config', config];
  const result = await runCommand('publish', source, 'old/image:1', ...options);
  const staged = await runCommand('staged', 'list', '--config', config);
  assert.equal(staged.out, 'Nothing is staged.\n');
  assert.deepEqual(
    (await readdir(data)).filter((name) => name === 'tree'),
    [],
  );
  return { ...result, archive: join(data, 'archive') };
}

test('by default an image of Docker schema 1 is refused, and its signatures are told of', async () => {
  const { status, err, archive } = await publish('refuse');
  assert.equal(status, 3);
  assert.match(err, /Docker schema 1, which is never served as current content/);
  assert.match(
    err,
    /its embedded signature holds: (?:ES|RS)256 by key [A-Z2-7:]{59}, .*; (?:ES|RS)256 by key/,
  );
  await assert.rejects(readdir(archive), { code: 'ENOENT' });
});

test('where the policy takes it, it is kept by its digest, and nothing of it is staged or served', async () => {
  for (const reference of [':1', `@${digest}`]) {
    const { status, out, err, archive } = await publish('take', reference);
    assert.equal(status, 0, err);
    assert.match(out, new RegExp(`old/image:1 is Docker schema 1: kept as ${digest} in `));
    assert.match(out, /no tag leads to it, and nothing of it is served/);
    const place = join(archive, 'schema1/old/image', digest);
    assert.deepEqual(await readFile(join(place, 'manifest.json')), signed);
    const report = JSON.parse(await readFile(join(place, 'report.json'), 'utf8')) as { signers: object[] };
    assert.equal(report.signers.length, 2);
    assert.partialDeepStrictEqual(report, { digest, architecture: 'amd64' });
  }
});

test('it is known by what it says where the registry calls it JSON, as old ones do', async () => {
  registry.knobs.manifestType = 'application/json';
  const { status, out, err } = await publish('take');
  assert.equal(status, 0, err);
  assert.match(out, new RegExp(`old/image:1 is Docker schema 1: kept as ${digest} in `));
});

test('one whose signature does not hold, or is missing, is refused under either policy', async () => {
  const text = signed.toString('utf8');
  const { signatures: _left, ...bare } = JSON.parse(text) as { signatures: unknown };
  for (const policy of ['refuse', 'take']) {
    registry.knobs.damage = () => Buffer.from(text.replace('amd64', 'arm64'));
    const damaged = await publish(policy);
    assert.equal(damaged.status, 3);
    assert.match(damaged.err, /does not have digest/);
    registry.knobs.damage = () => Buffer.from(text.replace(/("signature": ")../, '$1AA'));
    const forged = await publish(policy);
    assert.equal(forged.status, 3);
    assert.match(forged.err, /cannot be taken: signatures\[0\] does not hold/);
    registry.knobs.damage = () => Buffer.from(JSON.stringify(bare));
    const unsigned = await publish(policy);
    assert.equal(unsigned.status, 3);
    assert.match(unsigned.err, /the manifest has no embedded signature/);
    await assert.rejects(readdir(unsigned.archive), { code: 'ENOENT' });
  }
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildFourPlatforms, buildList, writeLayout } from '../../../test/fakes/image-builder.ts';
import { buildReferrer } from '../../../test/fakes/referrer-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { type ServedOrigin, serveOrigin } from '../../../test/fakes/served-origin.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-referrers-'));
const layout = join(root, 'layout');
const image = buildFourPlatforms();
const [platform] = image.images;
assert.ok(platform !== undefined);
const sbom = buildReferrer(image, 'application/spdx+json', '{"spdxVersion":"SPDX-2.3"}');
const signature = buildReferrer(sbom, 'application/vnd.example.signature', 'of the SBOM');
const provenance = buildReferrer(platform, 'application/vnd.in-toto+json', '{"_type":"x"}');
const stranger = buildReferrer(image, 'application/vnd.cncf.notary.signature', 'not ours');
let origin: ServedOrigin;

before(async () => {
  await writeLayout(layout, { '1': image, sbom, signature, provenance, stranger });
  await mkdir(join(root, 'origin'));
  origin = await serveOrigin(join(root, 'origin'));
});
after(async () => {
  await origin[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

async function publish(config: string, ...args: string[]) {
  const { status, out, err } = await runCommand('publish', ...args, '--config', config, '--json');
  assert.equal(status, 0, err);
  return (JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as { referrers: object }).referrers;
}

async function referrersOf(digest: Digest): Promise<readonly { digest: string; artifactType: string }[]> {
  const answer = await fetch(`${origin.url}/v2/demo/tool/referrers/${digest}`);
  return ((await answer.json()) as { manifests: { digest: string; artifactType: string }[] }).manifests;
}

test('what refers to an image is counted, and with --referrers taken along to where it is served', async () => {
  const source = `oci:${layout}:1`;
  assert.deepEqual(await publish(origin.config, source, 'demo/tool:1'), {
    taken: 0,
    leftOut: 3,
    reserved: [],
  });
  assert.deepEqual(await publish(origin.config, source, 'demo/tool:1', '--referrers'), {
    taken: 3,
    leftOut: 1,
    reserved: ['application/vnd.cncf.notary.signature'],
  });
  assert.equal((await runCommand('scrub', '--config', origin.config)).status, 0);
  await origin.sign('demo/tool:1', image.digest);
  assert.equal((await runCommand('scrub', '--config', origin.config)).status, 0);
  const found = await referrersOf(image.digest);
  // Those of the origin's own signatures, and of the strangers' only what is no signature in a format that is demanded.
  assert.ok(found.some(({ digest }) => digest === sbom.digest));
  assert.ok(found.some(({ artifactType }) => artifactType === 'application/vnd.cncf.notary.signature'));
  assert.ok(!found.some(({ digest }) => digest === stranger.digest));
  assert.deepEqual(
    (await referrersOf(sbom.digest)).map(({ digest }) => digest),
    [signature.digest],
  );
  assert.ok((await referrersOf(platform.digest)).some(({ digest }) => digest === provenance.digest));
  for (const [digest, bytes] of sbom.blobs) {
    const answer = await fetch(`${origin.url}/v2/demo/tool/blobs/${digest}`);
    assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  }
  const kept = await fetch(`${origin.url}/v2/demo/tool/manifests/${stranger.digest}`);
  assert.equal(kept.status, 404);
});

test('what refers to a signature of an SBOM is followed, and no deeper', async () => {
  const folder = join(root, 'deep');
  const timestamp = buildReferrer(signature, 'application/vnd.example.timestamp', 'of the signature');
  const deeper = buildReferrer(timestamp, 'application/vnd.example.deeper', 'of the time stamp');
  await writeLayout(folder, { '1': image, sbom, signature, timestamp, deeper });
  const { taken } = (await publish(origin.config, `oci:${folder}:1`, 'demo/deep:1', '--referrers')) as {
    taken: number;
  };
  assert.equal(taken, 3);
});

test('they come from registries too, by the API or by the tag that stands in for it', async () => {
  const config = join(root, 'second.yaml');
  const keys = join(import.meta.dirname, '../../../test/vectors/openpgp/both.asc');
  await writeFile(config, `data: second\nrepositories: [{ match: "*", keys: ["${keys}"] }]\n`);
  const source = `docker://${new URL(origin.url).host}/demo/tool:1`;
  const args = [source, 'demo/copy:1', '--source-plain-http'];
  const { leftOut } = (await publish(config, ...args)) as { leftOut: number };
  const { taken } = (await publish(config, ...args, '--referrers')) as { taken: number };
  // Ours are others' there, and so are all taken, with the signature of the SBOM.
  assert.ok(leftOut > 3);
  assert.equal(taken, leftOut + 1);
  const discarded = await runCommand('staged', 'discard', 'demo/copy:1', '--config', config);
  assert.equal(discarded.status, 0);
  assert.match((await runCommand('scrub', '--config', config)).out, /\S/);
});

test('a layout may have a list in the place of the API', async () => {
  const folder = join(root, 'stand-in');
  await writeLayout(folder, { '1': image, [`sha256-${digestHex(image.digest)}`]: buildList([sbom]) });
  assert.deepEqual(await publish(origin.config, `oci:${folder}:1`, 'demo/other:1'), {
    taken: 0,
    leftOut: 1,
    reserved: [],
  });
});

test('--wait ends when the image is accepted', async () => {
  const args = ['publish', `oci:${layout}:1`, 'demo/waited:1', '--wait', '--json'];
  const waiting = runCommand(...args, '--config', origin.config);
  const isStaged = async () =>
    (await runCommand('staged', 'list', '--config', origin.config)).out.includes('demo/waited:1');
  while (!(await isStaged())) await new Promise((resolve) => setTimeout(resolve, 50));
  await runCommand('staged', 'discard', 'demo/other:1', '--config', origin.config);
  await origin.sign('demo/waited:1', image.digest);
  const { status, out, err } = await waiting;
  assert.equal(status, 0, err);
  const last = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as object;
  assert.deepEqual(last, { event: 'published', reference: 'demo/waited:1', list: image.digest });
});

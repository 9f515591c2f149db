import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildFourPlatforms, buildImage, buildList, writeLayout } from '../fakes/image-builder.ts';
import { createContainersSettings } from './harness/clients/containers-settings.ts';
import { type CosignClient, createCosignClient, needsCosign } from './harness/clients/cosign-client.ts';
import { describeResult, runCommand } from './harness/command.ts';
import { eventually } from './harness/eventually.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { type Serving, type Signpost, createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

describe('an image signed as cosign does', () => {
  const work = createWorkFolder();
  const four = buildFourPlatforms();
  const other = buildList([buildImage({ layers: [{ other: 'content' }] })]);
  let signpost: Signpost;
  let serving: Serving | undefined;
  let registry: string;
  let repository: string;
  let key: string;
  let stranger: string;

  before(async () => {
    const createKey = (name: string) => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      writeFileSync(work.file(`${name}.pem`), privateKey.export({ type: 'pkcs8', format: 'pem' }), {
        mode: 0o600,
      });
      writeFileSync(work.file(`${name}.pub`), publicKey.export({ type: 'spki', format: 'pem' }));
      return work.file(`${name}.pub`);
    };
    key = createKey('release');
    stranger = createKey('stranger');
    const port = await findFreePort();
    registry = `127.0.0.1:${port}`;
    repository = `${registry}/demo/tool`;
    signpost = createSignpost(work, 'origin', {
      registry: { name: registry, listen: [{ address: '127.0.0.1', port }] },
      repositories: [{ match: '*', formats: ['cosign', 'sigstore'], cosignKeys: [key] }],
    });
    await writeLayout(work.folder('layout'), four);
    await writeLayout(work.folder('other'), other);
    for (const tag of ['1.0', 'latest']) {
      await signpost.publish(`oci:${work.folder('layout')}`, `demo/tool:${tag}`);
    }
    await sign('first');
    await signpost.publish(`oci:${work.folder('other')}`, 'demo/unsigned:1.0');
    serving = await signpost.serve();
  });
  after(async () => {
    await serving?.[Symbol.asyncDispose]();
    work.remove();
  });

  describe('cosign', needsCosign, () => {
    let cosign: CosignClient;
    before(() => {
      cosign = createCosignClient(work, 'cosign');
    });

    for (const form of ['bundle', 'attached'] as const) {
      it(`accepts tags, the list and every manifest, as ${form}`, async () => {
        await accepts(form, `${repository}:1.0`);
        await accepts(form, `${repository}:latest`);
        assert.equal(four.manifests.size, 5);
        for (const digest of four.manifests.keys()) await accepts(form, `${repository}@${digest}`);
      });

      it(`can demand the serial of the signing request, as ${form}`, async () => {
        await accepts(form, `${repository}:1.0`, '-a', 'serial=1');
        await refuses(form, key, `${repository}:1.0`, /annotation/, '-a', 'serial=2');
      });

      it(`can demand the tag that was signed, as ${form}`, async () => {
        await accepts(form, `${repository}:1.0`, '-a', `reference=${repository}:1.0`);
        await refuses(form, key, `${repository}:1.0`, /annotation/, '-a', `reference=${repository}:2.0`);
      });

      it(`refuses another key, as ${form}`, async () => {
        await refuses(form, stranger, `${repository}:1.0`, /no matching|invalid signature|threshold/);
      });

      it(`finds nothing that is staged and not signed, as ${form}`, async () => {
        await refuses(form, key, `${registry}/demo/unsigned:1.0`, /NAME_UNKNOWN|not found/i);
      });
    }

    it('accepts what is signed again, and sees each tag once', async () => {
      await signpost.must('publish', `oci:${work.folder('layout')}`, 'demo/tool:1.0', '--renew');
      await sign('second');
      for (const form of ['bundle', 'attached'] as const) {
        // The server notices a publication when it next looks.
        await eventually(`${form} of both requests`, 10_000, async () => {
          const serials = await accepts(form, `${repository}:1.0`);
          return serials.sort().join() === '1,2';
        });
      }
    });

    async function accepts(form: 'bundle' | 'attached', reference: string, ...options: readonly string[]) {
      const result = await cosign.verify(form, key, reference, ...options);
      assert.equal(result.status, 0, describeResult(result));
      const verified = JSON.parse(result.stdout) as { optional: { serial: string } }[];
      return verified.map(({ optional }) => optional.serial);
    }

    async function refuses(
      form: 'bundle' | 'attached',
      used: string,
      reference: string,
      reason: RegExp,
      ...options: readonly string[]
    ) {
      const result = await cosign.verify(form, used, reference, ...options);
      assert.notEqual(result.status, 0, describeResult(result));
      assert.match(result.stderr, reason);
    }
  });

  it('skopeo finds the attached signatures, served in place', requirements('skopeo'), async () => {
    const settings = createContainersSettings(work, 'skopeo');
    const attachments = { docker: { [registry]: { 'use-sigstore-attachments': true } } };
    const folder = join(settings.home, '.config/containers/registries.d');
    writeFileSync(join(folder, 'attachments.yaml'), JSON.stringify(attachments));
    const target = work.folder('copied');
    mkdirSync(target, { recursive: true });
    const result = await runCommand(
      'skopeo',
      ['copy', '--src-tls-verify=false', `docker://${repository}:latest`, `dir:${target}`],
      { env: settings.env },
    );
    assert.equal(result.status, 0, describeResult(result));
    const signatures = readdirSync(target).filter((name) => name.startsWith('signature-'));
    assert.equal(signatures.length, 2);
    for (const name of signatures) {
      const text = readFileSync(join(target, name)).toString('latin1');
      assert.match(text, /sigstore-json/);
      assert.match(text, /dev\.cosignproject\.cosign\/signature/);
    }
    const readOutcomes = () =>
      serving?.log().flatMap(({ kind, outcome }) => (kind === 'blob' ? [outcome] : [])) ?? [];
    // Log lines are written a moment after the answer.
    await eventually('a blob is in the log', 5000, () => readOutcomes().length > 0);
    assert.deepEqual([...new Set(readOutcomes())], ['in-place']);
  });

  it('tags that carry signatures are not listed, and absent ones are 404', async () => {
    const get = (path: string) => fetch(`http://${registry}/v2/demo/tool/${path}`);
    const listed = (await (await get('tags/list')).json()) as { tags: string[] };
    assert.deepEqual(listed.tags, ['1.0', 'latest']);
    const attached = await get(`manifests/sha256-${four.digest.slice(7)}.sig`);
    assert.equal(attached.status, 200);
    assert.equal(attached.headers.get('content-type'), 'application/vnd.oci.image.manifest.v1+json');
    assert.equal((await get(`manifests/sha256-${other.digest.slice(7)}.sig`)).status, 404);
  });

  /** Request, sign and accept for everything that is staged. */
  async function sign(name: string) {
    const [request, bundle] = [work.file(`${name}.request`), work.file(`${name}.bundle`)];
    await signpost.must('request', '-o', request, '--repository', 'demo/tool');
    const record = ['--record', work.file('signer.db')];
    const keyOptions = ['--cosign-key', work.file('release.pem')];
    await signpost.must('sign', request, '-o', bundle, '--yes', ...record, ...keyOptions);
    await signpost.must('accept', bundle);
  }
});

// @peculiar/x509 builds on tsyringe, which wants this polyfill before it is loaded.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { readNotation } from '../../src/trust/notation/read-notation.ts';
import { parseTrustedRoot } from '../../src/trust/notation/trusted-root.ts';
import { chainToPem } from '../fakes/certificate-pem.ts';
import { buildFourPlatforms, writeLayout } from '../fakes/image-builder.ts';
import { createTestChain } from '../fakes/signing-certificates.ts';
import { type Certificates, createCertificates } from './harness/certificates.ts';
import { mustRun } from './harness/command.ts';
import { findGoProgram, needsGoPrograms } from './harness/go-program.ts';
import { type PackagedMirror, packagedMirrors } from './harness/packaged-mirror.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { type Serving, type Signpost, createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const sync = join(import.meta.dirname, '../../packaging/rsync/signpost-mirror-sync');
const program = join(import.meta.dirname, '../../bin/signpost');
const artifactType = 'application/vnd.cncf.notary.signature';

describe('a mirror with a documented web server is a registry', requirements('rsync', 'skopeo'), () => {
  const work = createWorkFolder();
  const images = { 'demo/tool': buildFourPlatforms(), 'demo/docker': buildFourPlatforms({ docker: true }) };
  let certificates: Certificates;
  let root: Uint8Array;
  let signpost: Signpost;
  let serving: Serving;
  let origin: string;

  before(async () => {
    certificates = await createCertificates(work, ['localhost', '127.0.0.1']);
    const port = await findFreePort();
    origin = `localhost:${port}`;
    const chain = await createTestChain(Date.now(), {}, {}, {});
    const pem = chainToPem(chain);
    root = chain.certificates.at(-1) ?? assert.fail();
    const [key = '', file = '', rootFile = ''] = (['key', 'chain', 'root'] as const).map((part) => {
      writeFileSync(work.file(`${part}.pem`), pem[part], { mode: 0o600 });
      return work.file(`${part}.pem`);
    });
    const { certificate, key: tlsKey } = certificates;
    signpost = createSignpost(work, 'origin', {
      registry: { name: origin, listen: [{ address: '127.0.0.1', port, tls: { certificate, key: tlsKey } }] },
      repositories: [{ match: '*', formats: ['notation'], notationRoots: [rootFile] }],
    });
    for (const [repository, image] of Object.entries(images)) {
      const layout = work.folder(repository.replace('/', '-'));
      await writeLayout(layout, image);
      await signpost.publish(`oci:${layout}`, `${repository}:1.0`);
    }
    const [request, bundle] = [work.file('request'), work.file('bundle')];
    await signpost.must('request', '-o', request);
    const keys = ['--notation-key', key, '--notation-chain', file];
    await signpost.must('sign', request, '-o', bundle, '--yes', '--record', work.file('signer.db'), ...keys);
    await signpost.must('accept', bundle);
    serving = await signpost.serve();
    await mustRun(sync, [signpost.tree, work.folder('by-rsync')]);
    const by = [
      '--from',
      `https://${origin}`,
      '--ca',
      certificates.authority,
      '--allow-address',
      '127.0.0.0/8',
    ];
    await mustRun(program, ['sync', ...by, work.folder('by-https')]);
  });
  after(async () => {
    await serving?.[Symbol.asyncDispose]();
    work.remove();
  });

  // One of them is filled over HTTPS: what tells types has to come that way, too.
  const folderOf = (server: string) => work.folder(server === 'nginx' ? 'by-https' : 'by-rsync');

  for (const [server, start] of packagedMirrors) {
    describe(server, requirements(server), () => {
      let mirror: PackagedMirror;
      before(async () => {
        mirror = await start({ work, certificates, root: folderOf(server) });
      });
      after(() => mirror?.[Symbol.asyncDispose]());

      it('tells of every manifest what the Mirror List tells: type, digest and bytes', async () => {
        for (const [repository, { manifests }] of Object.entries(images)) {
          for (const digest of manifests.keys()) {
            const path = `/v2/${repository}/manifests/${digest}`;
            const [told, static_] = [await ask(origin, path), await ask(mirror.host, path)];
            for (const name of ['content-type', 'content-length', 'docker-content-digest'] as const) {
              assert.equal(static_.headers[name], told.headers[name], `${name} of ${path}`);
            }
            assert.deepEqual(static_.body, told.body);
            const head = await ask(mirror.host, path, { method: 'HEAD' });
            assert.equal(head.headers['docker-content-digest'], digest);
            assert.equal(head.headers['content-type'], told.headers['content-type']);
          }
        }
      });

      it('names the digest of blobs, sends parts of them, and hides what is not finished', async () => {
        const [digest = '', bytes = Buffer.alloc(0)] = [...images['demo/tool'].blobs].at(-1) ?? [];
        const path = `/v2/demo/tool/blobs/${digest}`;
        const part = await ask(mirror.host, path, { headers: { range: 'bytes=3-9' }, status: 206 });
        assert.deepEqual(part.body, bytes.subarray(3, 10));
        assert.equal(part.headers['docker-content-digest'], digest);
        assert.equal(part.headers['content-type'], 'application/octet-stream');
        const packed = await ask(mirror.host, path, { headers: { 'accept-encoding': 'gzip' } });
        assert.equal(packed.headers['content-encoding'], undefined);
        assert.deepEqual(packed.body, bytes);
        writeFileSync(join(folderOf(server), '.secret'), 'x');
        await ask(mirror.host, '/.secret', { status: 404 });
        await ask(mirror.host, `/v2/demo/tool/manifests/${digestOf('absent')}`, { status: 404 });
        assert.equal((await ask(mirror.host, '/publication.json')).headers['cache-control'], 'no-store');
        await ask(mirror.host, '/v2/');
      });

      it('tells what refers to a manifest, and leads to a signature that verifies', async () => {
        const image = images['demo/tool'];
        for (const digest of image.manifests.keys()) {
          const path = `/v2/demo/tool/referrers/${digest}`;
          const [told, static_] = [await ask(origin, path), await ask(mirror.host, path)];
          assert.equal(static_.headers['content-type'], mediaTypes.ociIndex);
          assert.deepEqual(static_.body, told.body);
          assert.equal(descriptorsOf(told.body).length, 1);
        }
        const referrers = await ask(mirror.host, `/v2/demo/tool/referrers/${image.digest}`);
        const [found] = descriptorsOf(referrers.body);
        assert.equal(found?.artifactType, artifactType);
        const raw = await mustRun(
          'skopeo',
          ['inspect', '--raw', `docker://${mirror.host}/demo/tool@${found.digest}`],
          { env: trusting() },
        );
        assert.equal(digestOf(raw), found.digest);
        const { layers, subject } = JSON.parse(raw) as {
          layers: { digest: Digest }[];
          subject: { digest: Digest };
        };
        assert.equal(subject.digest, image.digest);
        const envelope = await ask(mirror.host, `/v2/demo/tool/blobs/${layers[0]?.digest}`);
        const evidence = readNotation(envelope.body, [parseTrustedRoot(root, 'root.pem')], Date.now());
        assert.partialDeepStrictEqual(evidence, { kind: 'signed', digest: image.digest });
      });

      for (const [repository, image] of Object.entries(images)) {
        const source = () => `${mirror.host}/${repository}@${image.digest}`;
        const target = (name: string) => work.folder(`${name}-${server}-${repository.replace('/', '-')}`);

        it(`skopeo copies ${repository} from it, every platform`, async () => {
          const folder = target('skopeo');
          // Without a policy: these images have no simple signatures.
          const args = ['copy', '--insecure-policy', '--all', `docker://${source()}`, `dir:${folder}`];
          await mustRun('skopeo', args, { env: trusting() });
          assert.equal(digestOf(readFileSync(join(folder, 'manifest.json'))), image.digest);
        });

        it(`oras copies ${repository} from it`, needsGoPrograms('oras'), async () => {
          const folder = target('oras');
          // It takes localhost for a registry without TLS.
          const trust = ['--from-plain-http=false', '--from-ca-file', certificates.authority];
          const args = ['copy', ...trust, '--to-oci-layout', source(), `${folder}:1.0`];
          await mustRun(findGoProgram('oras') ?? '', args, { env: trusting() });
          assertHolds(folder, image.manifests.keys());
          assertHolds(folder, image.blobs.keys());
        });

        it(`crane pulls ${repository} from it`, needsGoPrograms('crane'), async () => {
          const folder = target('crane');
          const args = ['pull', '--format', 'oci', source(), folder];
          await mustRun(findGoProgram('crane') ?? '', args, { env: trusting() });
          assertHolds(folder, image.manifests.keys());
          assertHolds(folder, image.blobs.keys());
        });
      }
    });
  }

  const trusting = () => ({ SSL_CERT_FILE: certificates.authority, HOME: work.folder('home') });

  function assertHolds(layout: string, digests: Iterable<Digest>): void {
    for (const digest of digests) {
      const path = join(layout, 'blobs/sha256', digest.slice('sha256:'.length));
      assert.equal(digestOf(readFileSync(path)), digest);
    }
  }

  async function ask(
    host: string,
    path: string,
    how: {
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly status?: number;
    } = {},
  ): Promise<{ readonly headers: IncomingHttpHeaders; readonly body: Buffer }> {
    const { method = 'GET', headers = {}, status = 200 } = how;
    const ca = readFileSync(certificates.authority);
    const asked = request(`https://${host}${path}`, { method, headers, agent: false, ca });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const body = await buffer(response);
    assert.equal(response.statusCode, status, `${method} ${host}${path}`);
    return { headers: response.headers, body };
  }
});

function descriptorsOf(index: Buffer): readonly { readonly digest: Digest; readonly artifactType: string }[] {
  return (JSON.parse(index.toString()) as { manifests: { digest: Digest; artifactType: string }[] })
    .manifests;
}

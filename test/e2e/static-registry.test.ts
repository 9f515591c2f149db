// @peculiar/x509 builds on tsyringe, which wants this polyfill before it is loaded.
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
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
import type { Daemon } from './harness/daemon.ts';
import { startNginx } from './harness/nginx-mirror.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { type Serving, createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const packaging = join(import.meta.dirname, '../../packaging');
const artifactType = 'application/vnd.cncf.notary.signature';

describe('a mirror with the documented nginx configuration', requirements('nginx', 'rsync', 'skopeo'), () => {
  const work = createWorkFolder();
  const image = buildFourPlatforms();
  let certificates: Certificates;
  let root: Uint8Array;
  let serving: Serving;
  let nginx: Daemon;
  let origin: string;
  let mirror: string;

  before(async () => {
    certificates = await createCertificates(work, ['localhost', '127.0.0.1']);
    const [port, mirrorPort] = [await findFreePort(), await findFreePort()];
    origin = `localhost:${port}`;
    mirror = `localhost:${mirrorPort}`;
    const chain = await createTestChain(Date.now(), {}, {}, {});
    const pem = chainToPem(chain);
    root = chain.certificates.at(-1) ?? assert.fail();
    const [key = '', file = '', rootFile = ''] = (['key', 'chain', 'root'] as const).map((part) => {
      writeFileSync(work.file(`${part}.pem`), pem[part], { mode: 0o600 });
      return work.file(`${part}.pem`);
    });
    const { certificate, key: tlsKey } = certificates;
    const signpost = createSignpost(work, 'origin', {
      registry: { name: origin, listen: [{ address: '127.0.0.1', port, tls: { certificate, key: tlsKey } }] },
      repositories: [{ match: '*', formats: ['notation'], notationRoots: [rootFile] }],
    });
    await writeLayout(work.folder('layout'), image);
    await signpost.publish(`oci:${work.folder('layout')}`, 'demo/tool:1.0');
    const [request, bundle] = [work.file('request'), work.file('bundle')];
    await signpost.must('request', '-o', request);
    const keys = ['--notation-key', key, '--notation-chain', file];
    await signpost.must('sign', request, '-o', bundle, '--yes', '--record', work.file('signer.db'), ...keys);
    await signpost.must('accept', bundle);
    serving = await signpost.serve();

    await mustRun(join(packaging, 'rsync/signpost-mirror-sync'), [signpost.tree, work.folder('mirror')]);
    const example = readFileSync(join(packaging, 'nginx/signpost-mirror.conf'), 'utf8')
      .replaceAll(/^ *#.*\n/gm, '')
      .replaceAll(/^ *(?:listen|server_name|ssl_certificate|ssl_certificate_key|root) .*\n/gm, '');
    const locations =
      /^server \{([^]*)\}\s*$/.exec(example)?.[1] ?? assert.fail('the example is another one');
    nginx = await startNginx(
      work,
      'mirror',
      [
        `listen 127.0.0.1:${mirrorPort} ssl;`,
        `ssl_certificate ${certificate}; ssl_certificate_key ${tlsKey};`,
        `root ${work.folder('mirror')};`,
        locations,
      ],
      work.file('mirror-access.log'),
    );
  });
  after(async () => {
    await nginx?.[Symbol.asyncDispose]();
    await serving?.[Symbol.asyncDispose]();
    work.remove();
  });

  it('tells of every manifest what the Mirror List tells, byte for byte', async () => {
    for (const digest of image.manifests.keys()) {
      const path = `/v2/demo/tool/referrers/${digest}`;
      const [told, static_] = [await ask(origin, path), await ask(mirror, path)];
      assert.equal(static_.type, mediaTypes.ociIndex);
      assert.deepEqual(static_.body, told.body);
      assert.equal(descriptorsOf(told.body).length, 1);
    }
  });

  it('leads from a digest to a signature that verifies', async () => {
    const [found] = descriptorsOf((await ask(mirror, `/v2/demo/tool/referrers/${image.digest}`)).body);
    assert.equal(found?.artifactType, artifactType);
    const raw = await mustRun(
      'skopeo',
      ['inspect', '--raw', `docker://${mirror}/demo/tool@${found.digest}`],
      { env: { SSL_CERT_FILE: certificates.authority } },
    );
    assert.equal(digestOf(raw), found.digest);
    const { layers, subject } = JSON.parse(raw) as {
      layers: { digest: Digest }[];
      subject: { digest: Digest };
    };
    assert.equal(subject.digest, image.digest);
    const envelope = await ask(mirror, `/v2/demo/tool/blobs/${layers[0]?.digest}`);
    const evidence = readNotation(envelope.body, [parseTrustedRoot(root, 'root.pem')], Date.now());
    assert.partialDeepStrictEqual(evidence, { kind: 'signed', digest: image.digest });
  });

  async function ask(
    host: string,
    path: string,
  ): Promise<{ readonly type?: string | undefined; readonly body: Buffer }> {
    const asked = get(`https://${host}${path}`, { agent: false, ca: readFileSync(certificates.authority) });
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    const body = await buffer(response);
    assert.equal(response.statusCode, 200, `${host}${path}`);
    return { type: response.headers['content-type'], body };
  }
});

function descriptorsOf(index: Buffer): readonly { readonly digest: Digest; readonly artifactType: string }[] {
  return (JSON.parse(index.toString()) as { manifests: { digest: Digest; artifactType: string }[] })
    .manifests;
}

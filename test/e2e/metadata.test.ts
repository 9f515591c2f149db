import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Updater } from 'tuf-js';
import { stringify } from 'yaml';
import { digestHex } from '../../src/oci/digest.ts';
import { chainToPem } from '../fakes/certificate-pem.ts';
import { buildFourPlatforms, writeLayout } from '../fakes/image-builder.ts';
import { createRawKey } from '../fakes/raw-keys.ts';
import { createTestChain } from '../fakes/signing-certificates.ts';
import { createCertificates } from './harness/certificates.ts';
import { startDockerClient } from './harness/clients/docker-client.ts';
import { describeResult, mustRun, runCommand } from './harness/command.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { type Serving, type Signpost, createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

describe('TUF and Notary v1 metadata, from the ceremony to the clients', () => {
  const work = createWorkFolder();
  const four = buildFourPlatforms();
  let origin: Signpost;
  let serving: Serving | undefined;
  let registry = '';
  let plain = '';
  let authority = '';
  let rounds = 0;

  before(async () => {
    const tls = await createCertificates(work, ['localhost', '127.0.0.1']);
    authority = tls.authority;
    const [port, plainPort] = [await findFreePort(), await findFreePort()];
    registry = `localhost:${port}`;
    plain = `http://127.0.0.1:${plainPort}`;
    for (const name of ['ann', 'bob', 'eve', 'targets', 'snapshot', 'timestamp', 'image', 'thief']) {
      const key = createRawKey();
      writeFileSync(work.file(`${name}.pem`), key.pem, { mode: 0o600 });
      writeFileSync(work.file(`${name}.pub`), key.publicPem);
    }
    const chain = chainToPem(await createTestChain(Date.now(), { subject: `CN=${registry}/*` }));
    writeFileSync(work.file('notary.pem'), chain.key, { mode: 0o600 });
    writeFileSync(work.file('notary.crt'), chain.root);
    origin = createSignpost(work, 'origin', {
      registry: {
        name: registry,
        listen: [
          { address: '127.0.0.1', port, tls: { certificate: tls.certificate, key: tls.key } },
          { address: '127.0.0.1', port: plainPort },
        ],
      },
      repositories: [{ match: '*', formats: ['cosign'], cosignKeys: [work.file('image.pub')] }],
      tuf: {
        root: work.file('1.root.json'),
        timestampKey: work.file('timestamp.pem'),
        timestampValidity: '2d',
      },
      notary: { certificates: [work.file('notary.crt')] },
    });
    await writeLayout(work.folder('layout'), four);
  });
  after(async () => {
    await serving?.[Symbol.asyncDispose]();
    work.remove();
  });

  it('a TUF root takes two of three holders, who carry files', async () => {
    await draft('draft.json', ['ann', 'bob', 'eve'], []);
    await signRoot('draft.json', 'ann', 'ann.json');
    const finish = (...copies: readonly string[]) =>
      origin.run(
        'tuf',
        'root',
        'finish',
        ...copies.map((name) => work.file(name)),
        '-o',
        work.file('1.root.json'),
      );
    const alone = await finish('ann.json');
    assert.match(alone.stderr, /signed by 1 of the keys that may sign it: 2 are needed/);
    await signRoot('draft.json', 'thief', 'thief.json');
    assert.notEqual((await finish('ann.json', 'thief.json')).status, 0);
    await signRoot('draft.json', 'eve', 'eve.json');
    const both = await finish('ann.json', 'eve.json');
    assert.equal(both.status, 0, describeResult(both));
  });

  it('one signing event carries both, and the origin takes them', async () => {
    const pub = (name: string) => work.file(`${name}.pub`);
    await origin.must(
      'notary',
      'root',
      '--key',
      work.file('notary.pem'),
      '--certificate',
      work.file('notary.crt'),
      '--targets',
      pub('targets'),
      '--snapshot',
      pub('snapshot'),
      '--timestamp',
      pub('timestamp'),
      '-o',
      work.file('notary-root.json'),
    );
    writeKeys(['1.root.json']);
    const said = await publish('demo/tool:1.0');
    assert.match(said, /placed +tuf: 5 files/);
    assert.match(said, /placed +notary localhost:\d+\/demo\/tool: 7 files/);
    serving = await origin.serve();
  });

  it('tuf-js finds the list, and follows what is published later', async () => {
    assert.equal((await find('demo/tool/1.0'))?.hashes.sha256, digestHex(four.digest));
    assert.equal(await find('demo/tool/2.0'), undefined);
    await publish('demo/tool:2.0');
    assert.equal((await find('demo/tool/2.0'))?.custom.reference, `${registry}/demo/tool:2.0`);
  });

  it('the key at the origin renews the timestamp and nothing else', async () => {
    const before = readdirSync(join(origin.tree, 'tuf')).sort();
    const old = readFileSync(join(origin.tree, 'tuf/timestamp.json'), 'utf8');
    await origin.must('tuf', 'timestamp');
    assert.deepEqual(readdirSync(join(origin.tree, 'tuf')).sort(), before);
    assert.notEqual(readFileSync(join(origin.tree, 'tuf/timestamp.json'), 'utf8'), old);
    assert.ok(await find('demo/tool/1.0'));
  });

  it('a new root with other holders is followed, and a thief with one of three keys is not', async () => {
    await draft('draft2.json', ['bob', 'eve', 'thief'], ['--previous', work.file('1.root.json')]);
    await signRoot('draft2.json', 'thief');
    await signRoot('draft2.json', 'eve');
    const finish = [
      'tuf',
      'root',
      'finish',
      work.file('draft2.json'),
      '--previous',
      work.file('1.root.json'),
    ];
    const stolen = await origin.run(...finish, '-o', work.file('2.root.json'));
    assert.match(stolen.stderr, /for who trusts the one before it/);
    await signRoot('draft2.json', 'bob');
    await origin.must(...finish, '-o', work.file('2.root.json'));
    writeKeys(['1.root.json', '2.root.json']);
    await publish('demo/tool:3.0');
    assert.ok(await find('demo/tool/3.0'));
  });

  it('a signer whose record was put back is found out, and nothing goes back', async () => {
    copyFileSync(work.file('signer.db'), work.file('old.db'));
    await publish('demo/tool:4.0');
    copyFileSync(work.file('old.db'), work.file('signer.db'));
    const [request, bundle] = await requestFor('demo/tool:5.0');
    await origin.run('sign', request, '-o', bundle, ...signing(), '--adopt-record');
    const accepted = await origin.run('accept', bundle);
    assert.match(accepted.stdout, /refused +tuf: .*was published before with other content/);
    assert.match(accepted.stdout, /refused +notary .*was published before with other content/);
    assert.ok(await find('demo/tool/4.0'));
  });

  it('scrub finds nothing wrong, and leaves the metadata where it is', async () => {
    const before = readdirSync(join(origin.tree, 'tuf')).sort();
    const scrubbed = await origin.run('scrub', '--repair');
    assert.equal(scrubbed.status, 0, describeResult(scrubbed));
    assert.deepEqual(readdirSync(join(origin.tree, 'tuf')).sort(), before);
  });

  it('notary looks the list up', requirements('notary'), async () => {
    const options = ['-d', work.folder('notary'), '-s', `https://${registry}`, '--tlscacert', authority];
    const found = await mustRun('notary', [...options, 'lookup', `${registry}/demo/tool`, '1.0']);
    assert.match(found, new RegExp(`^1\\.0 ${four.digest} `));
    const listed = await mustRun('notary', [...options, 'list', `${registry}/demo/tool`]);
    assert.match(listed, /\n3\.0 .*targets\/releases/);
  });

  const docker = requirements('docker', 'dockerd', 'containerd');
  it('docker inspects the trust, and pulls with content trust alone what is signed', docker, async () => {
    await using _docker = await startDockerClient(work, { name: 'docker', proxy: '', authority });
    const env = {
      HOME: work.folder('docker-home'),
      SSL_CERT_FILE: authority,
      DOCKER_CONTENT_TRUST: '1',
      DOCKER_CONTENT_TRUST_SERVER: `https://${registry}`,
    };
    const run = (...words: readonly string[]) =>
      runCommand('docker', ['-H', `unix://${work.folder('docker')}/d.sock`, ...words], { env });
    const inspected = await run('trust', 'inspect', `${registry}/demo/tool:1.0`);
    assert.equal(inspected.status, 0, describeResult(inspected));
    assert.ok(inspected.stdout.includes(digestHex(four.digest)), inspected.stdout);
    const pulled = await run('pull', `${registry}/demo/tool:1.0`);
    assert.equal(pulled.status, 0, describeResult(pulled));
    assert.match(pulled.stdout, /Downloaded newer image for \S+@sha256:[0-9a-f]{64}/);
    const missing = await run('pull', `${registry}/demo/tool:9.0`);
    assert.notEqual(missing.status, 0);
    assert.match(missing.stderr, /No valid trust data for 9\.0|does not have trust data/);
  });

  function draft(output: string, holders: readonly string[], more: readonly string[]) {
    const pub = (name: string) => work.file(`${name}.pub`);
    return origin.must(
      'tuf',
      'root',
      'create',
      '--root',
      ...holders.map(pub),
      '--threshold',
      '2',
      '--targets',
      pub('targets'),
      '--snapshot',
      pub('snapshot'),
      '--timestamp',
      pub('timestamp'),
      '-o',
      work.file(output),
      ...more,
    );
  }

  function signRoot(name: string, holder: string, output = name) {
    const key = ['--key', work.file(`${holder}.pem`), '-o', work.file(output), '--yes'];
    return origin.must('tuf', 'root', 'sign', work.file(name), ...key);
  }

  function writeKeys(roots: readonly string[]) {
    const keys = { targets: ['targets.pem'], snapshot: ['snapshot.pem'] };
    writeFileSync(work.file('tuf.yaml'), stringify({ roots, keys }));
    const notary = { targets: 'targets.pem', snapshot: 'snapshot.pem', timestamp: 'timestamp.pem' };
    writeFileSync(work.file('notary.yaml'), stringify({ roots: ['notary-root.json'], keys: notary }));
  }

  async function requestFor(image: string): Promise<readonly [string, string]> {
    rounds += 1;
    const [request, bundle] = [work.file(`${rounds}.request`), work.file(`${rounds}.bundle`)];
    await origin.publish(`oci:${work.folder('layout')}`, image);
    await origin.must('request', '-o', request);
    return [request, bundle];
  }

  function signing(): readonly string[] {
    const files = ['--tuf', work.file('tuf.yaml'), '--notary', work.file('notary.yaml')];
    return ['--yes', '--record', work.file('signer.db'), '--cosign-key', work.file('image.pem'), ...files];
  }

  async function publish(image: string): Promise<string> {
    const [request, bundle] = await requestFor(image);
    await origin.must('sign', request, '-o', bundle, ...signing());
    return origin.must('accept', bundle);
  }

  async function find(path: string) {
    const folder = work.folder('tuf-client');
    copyFileSync(work.file('1.root.json'), join(folder, 'root.json'));
    const config = { fetchTimeout: 10_000, fetchRetries: 0, fetchRetry: 0 };
    const updater = new Updater({ metadataDir: folder, metadataBaseUrl: `${plain}/tuf`, config });
    await updater.refresh();
    return updater.getTargetInfo(path);
  }
});

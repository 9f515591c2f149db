import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { digestHex } from '../../src/oci/digest.ts';
import { chainToPem } from '../fakes/certificate-pem.ts';
import { buildFourPlatforms, writeLayout } from '../fakes/image-builder.ts';
import { makeMetadataKeys } from '../fakes/metadata-keys.ts';
import { createRawKey } from '../fakes/raw-keys.ts';
import { createTestChain } from '../fakes/signing-certificates.ts';
import { createCertificates } from './harness/certificates.ts';
import { needsCosign } from './harness/clients/cosign-client.ts';
import { startDockerClient } from './harness/clients/docker-client.ts';
import { needsNotation } from './harness/clients/notation-client.ts';
import { type CommandResult, baseEnvironment, describeResult, runCommand } from './harness/command.ts';
import { findGoProgram } from './harness/go-program.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { type Serving, type Signpost, createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const repository = 'demo/tool';
const modules = join(import.meta.dirname, '../../node_modules');
const pythonTuf =
  spawnSync('python3', ['-c', 'import tuf.ngclient'], { env: { ...process.env } }).status === 0
    ? {}
    : { skip: 'python-tuf is missing (pip install tuf securesystemslib[crypto])' };

describe('the files of "signpost trust export", as clients other than podman take them', () => {
  const work = createWorkFolder();
  const four = buildFourPlatforms();
  const hex = digestHex(four.digest);
  let origin: Signpost;
  let serving: Serving | undefined;
  let registry = '';
  let reference = '';
  let authority = '';
  /** What is exported, and the same for a stranger who publishes under the same name. */
  let own = '';
  let strange = '';

  before(async () => {
    const tls = await createCertificates(work, ['localhost', '127.0.0.1']);
    authority = tls.authority;
    const port = await findFreePort();
    // Not localhost: notation speaks to that without TLS.
    registry = `127.0.0.1:${port}`;
    reference = `${registry}/${repository}:1.0`;
    const listen = [{ address: '127.0.0.1', port, tls: { certificate: tls.certificate, key: tls.key } }];
    origin = await publishAs('origin', listen);
    const stranger = await publishAs('stranger', listen);
    own = await exportFrom(origin, 'own');
    strange = await exportFrom(stranger, 'strange');
    serving = await origin.serve();
  });
  after(async () => {
    await serving?.[Symbol.asyncDispose]();
    work.remove();
  });

  it('cosign verifies with the script, and refuses another key', needsCosign, async () => {
    const run = (folder: string) => {
      const program = work.folder('programs');
      if (folder === own) symlinkSync(findGoProgram('cosign') ?? '', join(program, 'cosign'));
      const env = {
        ...trusting(work.folder('cosign-home')),
        PATH: `${program}:${baseEnvironment.PATH ?? ''}`,
      };
      return runCommand('sh', [join(folder, 'cosign/signpost-1.sh'), reference], { env, timeout: 60_000 });
    };
    succeeds(await run(own), /"docker-manifest-digest":"sha256:|sha256:/);
    refuses(await run(strange), /no matching|invalid signature|failed to verify/i);
  });

  it('skopeo verifies attached signatures by the policy and registries.d, where it is not patched not to', async (context) => {
    const { skip } = requirements('skopeo');
    if (skip !== undefined) return context.skip(skip);
    const run = (folder: string) => {
      const home = work.folder(`skopeo-${folder === own ? 'own' : 'strange'}`);
      const policy = readFileSync(join(folder, 'containers/policy.json'), 'utf8');
      const moved = policy.replaceAll('/etc/pki/containers', join(folder, 'containers/keys'));
      writeFileSync(join(home, 'policy.json'), moved);
      const trust = ['--policy', join(home, 'policy.json')];
      const places = ['--registries.d', join(folder, 'containers/registries.d')];
      const platform = ['--override-os', 'linux', '--override-arch', 'amd64'];
      const copy = ['copy', '--remove-signatures', `docker://${reference}`, `dir:${join(home, 'copy')}`];
      const options = { env: trusting(home), timeout: 60_000 };
      return runCommand('skopeo', [...trust, ...places, ...platform, ...copy], options);
    };
    const result = await run(own);
    // Debian 12 looks for the signature, finds it, and then refuses this kind of policy.
    if (/Debian-local change: sigstore disabled/.test(result.stderr)) return;
    succeeds(result, /Writing manifest/);
    refuses(await run(strange), /rejected|signature/i);
  });

  it('notation verifies with the policy and store, and refuses another root', needsNotation, async () => {
    const run = (folder: string) => {
      const home = work.folder(`notation-${folder === own ? 'own' : 'strange'}`);
      install(join(folder, 'notation'), join(home, '.config/notation'));
      chmodSync(join(home, '.config/notation/trustpolicy.json'), 0o600);
      const options = { env: trusting(home), timeout: 60_000 };
      return runCommand(findGoProgram('notation') ?? '', ['verify', reference], options);
    };
    succeeds(await run(own), /Successfully verified/);
    refuses(await run(strange), /signature verification failed/i);
  });

  it('notary looks the tag up with its configuration, and refuses another root', async (context) => {
    const { skip } = requirements('notary');
    if (skip !== undefined) return context.skip(skip);
    const run = (folder: string) => {
      const home = work.folder(`notary-${folder === own ? 'own' : 'strange'}`);
      install(join(folder, 'notary'), join(home, '.notary'));
      // No --server, no --tlscacert, no key: all of it is in the file.
      return runCommand('notary', ['lookup', `${registry}/${repository}`, '1.0'], { env: { HOME: home } });
    };
    succeeds(await run(own), new RegExp(`^1\\.0 sha256:${hex} `));
    refuses(await run(strange), /could not validate the path to a trusted root|trust/i);
  });

  const needsDocker = requirements('docker', 'dockerd', 'containerd');
  it('docker pulls with the pinned root and refuses another', needsDocker, async () => {
    await using _docker = await startDockerClient(work, { name: 'docker', proxy: '', authority });
    const run = (folder: string) => {
      const home = work.folder(`docker-${folder === own ? 'own' : 'strange'}`);
      for (const part of ['trust', 'tls']) {
        install(join(folder, 'docker', part), join(home, '.docker', part));
      }
      const socket = `unix://${work.folder('docker')}/d.sock`;
      const profile = join(folder, 'docker/content-trust.sh');
      const script = `. "${profile}" && exec docker -H "${socket}" pull "${reference}"`;
      return runCommand('sh', ['-c', script], { env: { HOME: home }, timeout: 60_000 });
    };
    succeeds(await run(own), /@sha256:/);
    refuses(await run(strange), /trust|root|rotat|valid signatures/i);
  });

  for (const [name, program, file, needs] of [
    ['tuf-js', process.execPath, 'find-digest.mjs', {}],
    ['python-tuf', 'python3', 'find_digest.py', pythonTuf],
  ] as const) {
    it(`${name} finds the list with the program, and refuses another root`, needs, async () => {
      const run = (folder: string, tag: string) => {
        const home = work.folder(`${name}-${folder === own ? 'own' : 'strange'}`);
        const node = { NODE_EXTRA_CA_CERTS: authority, REQUESTS_CA_BUNDLE: authority };
        const env = { ...trusting(home), ...node, PATH: process.env.PATH ?? '' };
        return runCommand(program, [join(folder, 'tuf', file), `${repository}:${tag}`], { env });
      };
      succeeds(await run(own, '1.0'), new RegExp(`^${registry}/${repository}@sha256:${hex}\n$`));
      refuses(await run(own, '9.9'), /has signed no demo\/tool:9\.9/);
      refuses(await run(strange, '1.0'), /sign/i);
    });
  }

  /** An installation under the name of the registry, with keys of its own, that has published the image. */
  async function publishAs(name: string, listen: readonly object[]): Promise<Signpost> {
    const folder = work.folder(`${name}-keys`);
    const at = (file: string) => join(folder, file);
    const image = createRawKey();
    writeFileSync(at('image.pem'), image.pem, { mode: 0o600 });
    writeFileSync(at('image.pub'), image.publicPem);
    const chain = chainToPem(await createTestChain(Date.now(), {}, {}));
    writeFileSync(at('notation.pem'), chain.key, { mode: 0o600 });
    writeFileSync(at('chain.pem'), chain.chain);
    writeFileSync(at('root.pem'), chain.root);
    const signpost = createSignpost(work, name, {
      registry: { name: registry, listen },
      repositories: [
        {
          match: '*',
          formats: ['cosign', 'sigstore', 'notation', 'tuf', 'notary'],
          cosignKeys: [at('image.pub')],
          notationRoots: [at('root.pem')],
        },
      ],
      tuf: { root: at('1.root.json') },
      notary: { certificates: [at('notary.crt')] },
    });
    await makeMetadataKeys(folder, registry, (...argv) => signpost.must(...argv));
    const layout = work.folder(`${name}-layout`);
    await writeLayout(layout, four);
    await signpost.publish(`oci:${layout}`, `${repository}:1.0`);
    const [request, bundle] = [at('request'), at('bundle')];
    await signpost.must('request', '-o', request);
    const keys = ['--cosign-key', at('image.pem'), '--notation-key', at('notation.pem')];
    const more = [
      '--notation-chain',
      at('chain.pem'),
      '--tuf',
      at('tuf.yaml'),
      '--notary',
      at('notary.yaml'),
    ];
    await signpost.must('sign', request, '-o', bundle, '--record', at('db'), '--yes', ...keys, ...more);
    await signpost.must('accept', bundle);
    return signpost;
  }

  async function exportFrom(signpost: Signpost, name: string): Promise<string> {
    const folder = work.folder(`exported-${name}`);
    await signpost.must('trust', 'export', folder, '--ca', authority);
    // Programs find their packages beside them.
    symlinkSync(modules, join(folder, 'node_modules'));
    return folder;
  }

  /** Programs in Go take a house's authority from there. */
  function trusting(home: string) {
    return { HOME: home, SSL_CERT_FILE: authority };
  }

  function install(from: string, to: string): void {
    mkdirSync(to, { recursive: true });
    cpSync(from, to, { recursive: true });
  }

  function succeeds(result: CommandResult, said: RegExp): void {
    assert.equal(result.status, 0, describeResult(result));
    assert.match(result.stdout, said);
  }

  function refuses(result: CommandResult, reason: RegExp): void {
    assert.notEqual(result.status, 0, describeResult(result));
    assert.match(result.stdout + result.stderr, reason);
  }
});

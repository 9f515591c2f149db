import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Digest } from '../../src/oci/digest.ts';
import { chainToPem } from './certificate-pem.ts';
import { type BuiltManifest, writeLayout } from './image-builder.ts';
import { makeMetadataKeys } from './metadata-keys.ts';
import { createRawKey } from './raw-keys.ts';
import { runCommand } from './run-command.ts';
import { createTestChain } from './signing-certificates.ts';

const vectors = join(import.meta.dirname, '../vectors/openpgp');
const program = join(import.meta.dirname, '../../src/cli/main.ts');

/** An origin with everything signed in every format, TUF and Notary v1 too, answering as a process of its own. */
export interface ServedOrigin extends AsyncDisposable {
  /** Under which its images are signed. */
  readonly registry: string;
  readonly config: string;
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Signs and publishes what is staged, and waits until `target` answers with `list`. */
  sign(target: string, list: Digest, life?: string): Promise<void>;
  /** Stages, signs and publishes an image. */
  publish(image: BuiltManifest, target: string, life?: string): Promise<void>;
}

/** `more` is more of the configuration. `folder` gets the keys too: cosign.pub, other.pub, root.pem, 1.root.json and notary.crt. OpenPGP keys are the vectors'. */
export async function serveOrigin(folder: string, more = ''): Promise<ServedOrigin> {
  const at = (name: string) => join(folder, name);
  const registry = 'images.example.org';
  const cosign = createRawKey();
  const chain = chainToPem(await createTestChain(Date.now(), {}, {}));
  await writeFile(at('cosign.pem'), cosign.pem, { mode: 0o600 });
  await writeFile(at('cosign.pub'), cosign.publicPem);
  await writeFile(at('other.pub'), createRawKey().publicPem);
  await writeFile(at('notation.pem'), chain.key, { mode: 0o600 });
  await writeFile(at('chain.pem'), chain.chain);
  await writeFile(at('root.pem'), chain.root);
  const must = async (...argv: string[]) => {
    const { status, err } = await runCommand(...argv);
    if (status !== 0) throw new Error(`${argv.join(' ')}\n${err}`);
  };
  await makeMetadataKeys(folder, registry, must);
  await writeFile(at('passphrase'), 'correct horse\n');
  const config = at('signpost.yaml');
  await writeFile(
    config,
    `data: data
registry: { name: ${registry}, listen: [{ port: 0 }] }
repositories:
  - match: "*"
    formats: [simple, cosign, sigstore, notation]
    keys: ["${join(vectors, 'both.asc')}"]
    cosignKeys: [cosign.pub]
    notationRoots: [root.pem]
tuf: { root: 1.root.json }
notary: { certificates: [notary.crt] }
${more}`,
  );
  const child = spawn(process.execPath, [program, 'serve', '--config', config, '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const closed = once(child, 'close');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const [url = ''] = (JSON.parse(line.toString()) as { addresses: string[] }).addresses;
  let round = 0;
  const origin: ServedOrigin = {
    registry,
    config,
    url,
    async publish(image, target, life) {
      const layout = at(`layout-${round}`);
      await writeLayout(layout, image);
      await must('publish', `oci:${layout}`, target, '--config', config);
      await origin.sign(target, image.digest, life);
    },
    async sign(target, list, life = '90d') {
      round += 1;
      const request = at(`${round}.request`);
      const bundle = at(`${round}.bundle`);
      await must('request', '-o', request, '--config', config);
      const openpgp = ['--key', join(vectors, 'ed25519.secret.pgp'), '--passphrase-file', at('passphrase')];
      const notation = ['--notation-key', at('notation.pem'), '--notation-chain', at('chain.pem')];
      const metadata = ['--tuf', at('tuf.yaml'), '--notary', at('notary.yaml')];
      const keys = [...openpgp, '--cosign-key', at('cosign.pem'), ...notation, ...metadata];
      const record = ['--record', at('record.db'), '--yes', '--expires', life];
      await must('sign', request, '-o', bundle, ...record, ...keys);
      await must('accept', bundle, '--config', config);
      await waitFor(`${url}/v2/${target.replace(':', '/manifests/')}`, list);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await closed;
    },
  };
  return origin;
}

/** The server looks at its database now and then. */
async function waitFor(url: string, digest: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await fetch(url);
    await answer.body?.cancel();
    if (answer.headers.get('docker-content-digest') === digest) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${url} never answers ${digest}`);
}

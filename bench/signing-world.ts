import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKey } from 'openpgp';
import { stringify } from 'yaml';
import { composeContent } from '../src/cli/records/content.ts';
import { parseTaggedReference } from '../src/oci/reference.ts';
import { publishImage } from '../src/origin/publish/publish-image.ts';
import { buildImage, buildList } from '../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../test/fakes/memory-image-source.ts';
import { chainToPem } from '../test/fakes/certificate-pem.ts';
import { createTestChain } from '../test/fakes/signing-certificates.ts';
import { runSignpost } from './process.ts';

/** An origin with images that wait for a signature, and a signer with a key for every format. */
export interface SigningWorld {
  /** Option of every command at the origin. */
  readonly origin: readonly string[];
  /** Options of `sign` that name the keys. */
  readonly keys: readonly string[];
}

const platforms = ['linux/amd64', 'linux/arm64', 'linux/ppc64le', 'linux/s390x'];
const repositories = 100;

const registry = 'images.example.test';

/**
 * Stages `lists` images of four platforms each, in a hundred repositories. The OpenPGP key is Ed25519, or RSA with so many
 * bits.
 */
export async function createSigningWorld(
  folder: string,
  lists: number,
  rsaBits?: number,
): Promise<SigningWorld> {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: string | Uint8Array): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const openpgp = await generateKey({
    ...(rsaBits === undefined ? { type: 'ecc', curve: 'ed25519Legacy' } : { type: 'rsa', rsaBits }),
    userIDs: [{ name: 'bench', email: 'bench@example.test' }],
    format: 'armored',
  });
  const raw = (name: string) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    write(`${name}.pem`, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    write(`${name}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
  };
  for (const name of ['cosign', 'root', 'targets', 'snapshot', 'timestamp']) raw(name);
  const notation = chainToPem(await createTestChain(Date.now(), {}, {}));
  write('notation.pem', notation.key);
  write('chain.pem', notation.chain);
  makeTufRoot(folder);
  const notary = chainToPem(await createTestChain(Date.now(), { subject: `CN=${registry}/*` }));
  write('notary.pem', notary.key);
  write('notary.crt', notary.root);
  makeNotaryRoot(folder);

  const data = join(folder, 'data');
  const config = write(
    'signpost.yaml',
    stringify({
      data,
      registry: { name: registry },
      repositories: [
        {
          match: 'bench/*',
          formats: ['simple', 'cosign', 'sigstore', 'notation'],
          keys: [write('openpgp.pub', openpgp.publicKey)],
          cosignKeys: [join(folder, 'cosign.pub')],
          notationRoots: [write('notation-root.pem', notation.root)],
        },
      ],
      tuf: { root: join(folder, '1.root.json') },
      notary: { certificates: [join(folder, 'notary.crt')] },
    }),
  );
  const keys = {
    '--key': write('openpgp.asc', openpgp.privateKey),
    '--cosign-key': join(folder, 'cosign.pem'),
    '--notation-key': join(folder, 'notation.pem'),
    '--notation-chain': join(folder, 'chain.pem'),
    '--tuf': write(
      'tuf.yaml',
      stringify({
        roots: ['1.root.json'],
        keys: { targets: ['targets.pem'], snapshot: ['snapshot.pem'], timestamp: ['timestamp.pem'] },
        validity: { targets: '30d', snapshot: '30d', timestamp: '7d' },
      }),
    ),
    '--notary': write(
      'notary.yaml',
      stringify({
        roots: ['notary-root.json'],
        keys: { targets: 'targets.pem', snapshot: 'snapshot.pem', timestamp: 'timestamp.pem' },
        validity: { targets: '30d', snapshot: '30d', timestamp: '7d' },
      }),
    ),
    '--record': join(folder, 'record.db'),
  };
  await stage(data, lists);
  return { origin: ['--config', config], keys: Object.entries(keys).flat() };
}

async function stage(data: string, lists: number): Promise<void> {
  await using content = await composeContent({ data }, 'bench');
  for (let index = 0; index < lists; index += 1) {
    const images = platforms.map((platform) =>
      buildImage({ platform, layers: [{ hello: 'hello' }], command: [`/hello ${index}`] }),
    );
    const target = parseTaggedReference(
      `bench/image-${index % repositories}:${Math.floor(index / repositories)}`,
    );
    const progress = { start: () => {}, advance: () => {}, finish: () => {} };
    // oxlint-disable-next-line no-await-in-loop -- one image after the other, as an operator would
    await publishImage({ ...content, progress }, createMemoryImageSource(buildList(images)), target);
  }
}

function makeTufRoot(folder: string): void {
  const file = (name: string) => join(folder, name);
  const keys = ['root', 'targets', 'snapshot', 'timestamp'].flatMap((role) => [
    `--${role}`,
    file(`${role}.pub`),
  ]);
  runSignpost('tuf', 'root', 'create', ...keys, '-o', file('draft.json'));
  runSignpost('tuf', 'root', 'sign', file('draft.json'), '--key', file('root.pem'), '--yes');
  runSignpost('tuf', 'root', 'finish', file('draft.json'), '-o', file('1.root.json'));
}

function makeNotaryRoot(folder: string): void {
  const file = (name: string) => join(folder, name);
  const keys = ['targets', 'snapshot', 'timestamp'].flatMap((role) => [`--${role}`, file(`${role}.pub`)]);
  const root = ['--key', file('notary.pem'), '--certificate', file('notary.crt')];
  runSignpost('notary', 'root', ...root, ...keys, '-o', file('notary-root.json'));
}

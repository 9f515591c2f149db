import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { chainToPem } from '../../../fakes/certificate-pem.ts';
import { type BuiltList, buildImage, buildList, writeLayout } from '../../../fakes/image-builder.ts';
import { type RawKey, createRawKey } from '../../../fakes/raw-keys.ts';
import { createTestChain } from '../../../fakes/signing-certificates.ts';
import { type Certificates, createCertificates } from '../certificates.ts';
import { createGpgKey, type GpgKey } from '../gpg-key.ts';
import { findFreePort } from '../ports.ts';
import { type Signpost, createSignpost } from '../signpost.ts';
import { createWorkFolder, type WorkFolder } from '../work-folder.ts';
import { type State, type StateName, attacked } from './attack-states.ts';
import { type LyingMirrorList, startLyingMirrorList } from './lying-mirror-list.ts';

export interface AttackWorld extends AsyncDisposable {
  readonly work: WorkFolder;
  readonly certificates: Certificates;
  /** Where clients are led: `localhost:<port>`. */
  readonly list: LyingMirrorList;
  readonly registry: string;
  readonly states: ReadonlyMap<StateName, State>;
  readonly images: Readonly<Record<'current' | 'old' | 'other' | 'otherTag' | 'thief', BuiltList>>;
  /** Signs with OpenPGP. */
  readonly release: GpgKey;
  /** Public or private keys in PEM, by name: `ann`, `image`, `targets`, `snapshot`, `timestamp`, `thief`. */
  readonly keys: ReadonlyMap<string, RawKey>;
  /** The root certificate that notation trusts. */
  readonly notationRoot: string;
}

/** Seconds that the signatures of the state `brief` live: long enough for it to be accepted. */
const briefLife = 20;

/**
 * Publishes in every format: first `brief`, then the same image for longer (`old`), then another one under the same tag
 * (`current`). Beside them somebody else publishes under the same name: `thief` with keys of their own, `stolen` with
 * the OpenPGP key of the real signer.
 */
export async function createAttackWorld(): Promise<AttackWorld> {
  await using stack = new AsyncDisposableStack();
  const work = createWorkFolder();
  stack.defer(() => work.remove());
  const certificates = await createCertificates(work, ['localhost', '127.0.0.1']);
  const states = new Map<StateName, State>();
  const list = stack.use(await startLyingMirrorList(certificates, states));
  const registry = `localhost:${list.port}`;
  const images = await writeImages(work);
  const release = stack.use(await createGpgKey(work, 'release', 'ed25519'));
  const keys = writeKeys(work);
  const notation = await writeChain(work, 'notation', 'CN=signer');
  const notary = await writeChain(work, 'notary', `CN=${registry}/*`);

  const origin = createSignpost(work, 'origin', {
    registry: { name: registry, listen: [{ address: '127.0.0.1', port: await findFreePort() }] },
    repositories: [
      {
        match: 'demo/*',
        formats: ['simple', 'cosign', 'sigstore', 'notation'],
        keys: [release.publicKey],
        cosignKeys: [work.file('image.pub')],
        notationRoots: [notation.root],
      },
    ],
    tuf: { root: work.file('1.root.json') },
    notary: { certificates: [notary.root] },
  });
  await makeRoots(work, origin, ownRoots);
  const notationOptions = ['--notation-key', notation.key, '--notation-chain', notation.chain];
  const metadata = ['--tuf', work.file('tuf.yaml'), '--notary', work.file('notary.yaml')];
  const keyOptions = ['--key', release.secretKey, '--cosign-key', work.file('image.pem')];
  const signing = [...keyOptions, ...notationOptions, ...metadata];
  const publish = (layout: string, image: string) =>
    origin.must('publish', `oci:${work.folder(layout)}`, image, '--renew');
  await publish('old', `${attacked}:1.0`);
  await origin.sign(release, ...signing, '--expires', `${briefLife}s`);
  await keep('brief', origin);
  await publish('old', `${attacked}:1.0`);
  await publish('otherTag', `${attacked}:0.9`);
  await publish('other', 'demo/other:1.0');
  await origin.sign(release, ...signing);
  await keep('old', origin);
  await publish('current', `${attacked}:1.0`);
  await origin.sign(release, ...signing);
  await keep('current', origin);
  const thief = stack.use(await createGpgKey(work, 'thief', 'ed25519'));
  const thiefNotary = await writeChain(work, 'thief-notary', `CN=${registry}/*`);
  const thiefOrigin = await installElsewhere('thief', thief.publicKey, {
    tuf: { root: work.file('thief-root.json') },
    notary: { certificates: [thiefNotary.root] },
  });
  await makeRoots(work, thiefOrigin, thiefRoots);
  await publishThief(thiefOrigin);
  const thiefMetadata = ['--tuf', work.file('thief-tuf.yaml'), '--notary', work.file('thief-notary.yaml')];
  await thiefOrigin.sign(thief, '--key', thief.secretKey, ...thiefMetadata);
  await keep('thief', thiefOrigin);
  const stolenOrigin = await installElsewhere('stolen', release.publicKey);
  await publishThief(stolenOrigin);
  await stolenOrigin.sign(release, '--key', release.secretKey);
  await keep('stolen', stolenOrigin);
  const parts = stack.move();
  return {
    work,
    certificates,
    list,
    registry,
    states,
    images,
    release,
    keys,
    notationRoot: notation.root,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };

  /** An installation of somebody else under the same name. */
  async function installElsewhere(name: string, key: string, more: object = {}): Promise<Signpost> {
    return createSignpost(work, `${name}-origin`, {
      registry: { name: registry, listen: [{ address: '127.0.0.1', port: await findFreePort() }] },
      repositories: [{ match: 'demo/*', keys: [key] }],
      ...more,
    });
  }

  /** The thief's image, which waits for a signature. */
  function publishThief(at: Signpost): Promise<void> {
    return at.publish(`oci:${work.folder('thief')}`, `${attacked}:1.0`);
  }

  /** Keeps what an installation has now, and serves it. */
  async function keep(name: StateName, from: Signpost) {
    const port = await findFreePort();
    const signpost = createSignpost(work, name, {
      registry: { name: registry, listen: [{ address: '127.0.0.1', port }] },
      repositories: [{ match: 'demo/*', keys: [release.publicKey] }],
      tuf: { root: work.file('1.root.json') },
      notary: { certificates: [notary.root] },
    });
    for (const part of ['tree', 'signpost.db', 'signpost.db-wal'])
      if (existsSync(join(from.data, part)))
        cpSync(join(from.data, part), join(signpost.data, part), { recursive: true });
    stack.use(await signpost.serve());
    states.set(name, { signpost, url: `http://127.0.0.1:${port}` });
  }
}

async function writeImages(work: WorkFolder) {
  const build = (content: string) =>
    buildList(
      ['linux/amd64', 'linux/arm64/v8'].map((platform) =>
        buildImage({ platform, layers: [{ 'etc/content': `${content} for ${platform}\n` }] }),
      ),
    );
  const images = {
    current: build('current'),
    old: build('old'),
    other: build('another repository'),
    otherTag: build('another tag'),
    thief: build('a thief'),
  };
  for (const [name, image] of Object.entries(images)) await writeLayout(work.folder(name), image);
  return images;
}

function writeKeys(work: WorkFolder): ReadonlyMap<string, RawKey> {
  const keys = new Map<string, RawKey>();
  for (const name of ['ann', 'bob', 'eve', 'image', 'targets', 'snapshot', 'timestamp', 'thief']) {
    const key = createRawKey();
    writeFileSync(work.file(`${name}.pem`), key.pem, { mode: 0o600 });
    writeFileSync(work.file(`${name}.pub`), key.publicPem);
    keys.set(name, key);
  }
  return keys;
}

async function writeChain(work: WorkFolder, name: string, subject: string) {
  const changes = name === 'notation' ? [{}, {}] : [{ subject }];
  const pem = chainToPem(await createTestChain(Date.now(), ...changes));
  const write = (part: keyof typeof pem) => {
    writeFileSync(work.file(`${name}-${part}.pem`), pem[part], { mode: 0o600 });
    return work.file(`${name}-${part}.pem`);
  };
  return { key: write('key'), chain: write('chain'), root: write('root') };
}

/** Who has which keys, and what their files are called. */
const ownRoots = {
  prefix: '',
  holders: ['ann', 'bob', 'eve'],
  roles: { targets: 'targets', snapshot: 'snapshot', timestamp: 'timestamp' },
};
const thiefRoots: typeof ownRoots = {
  prefix: 'thief-',
  holders: ['thief', 'bob'],
  roles: { targets: 'thief', snapshot: 'thief', timestamp: 'thief' },
};

/** The ceremonies: a TUF root of which two of the holders sign, and the root of Notary v1. */
async function makeRoots(work: WorkFolder, signpost: Signpost, { prefix, holders, roles }: typeof ownRoots) {
  const pub = (name: string) => work.file(`${name}.pub`);
  const options = Object.entries(roles).flatMap(([role, name]) => [`--${role}`, pub(name)]);
  const draft = work.file(`${prefix}draft.json`);
  const all = ['--root', ...holders.map(pub), '--threshold', '2'];
  await signpost.must('tuf', 'root', 'create', ...all, ...options, '-o', draft);
  for (const holder of holders.slice(0, 2)) {
    const key = work.file(`${holder}.pem`);
    await signpost.must('tuf', 'root', 'sign', draft, '--key', key, '-o', draft, '--yes');
  }
  const tufRoot = prefix === '' ? '1.root.json' : `${prefix}root.json`;
  await signpost.must('tuf', 'root', 'finish', draft, '-o', work.file(tufRoot));
  const key = [
    '--key',
    work.file(`${prefix}notary-key.pem`),
    '--certificate',
    work.file(`${prefix}notary-root.pem`),
  ];
  const notaryRoot = `${prefix}notary-root.json`;
  await signpost.must('notary', 'root', ...key, ...options, '-o', work.file(notaryRoot));
  const file = (role: keyof typeof roles) => `${roles[role]}.pem`;
  const keys = { targets: file('targets'), snapshot: file('snapshot'), timestamp: file('timestamp') };
  const lists = { targets: [keys.targets], snapshot: [keys.snapshot], timestamp: [keys.timestamp] };
  writeFileSync(work.file(`${prefix}tuf.yaml`), stringify({ roots: [tufRoot], keys: lists }));
  writeFileSync(work.file(`${prefix}notary.yaml`), stringify({ roots: [notaryRoot], keys }));
}

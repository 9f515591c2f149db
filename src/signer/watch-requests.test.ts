import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { withChecksum } from '../../test/fakes/bad-lines.ts';
import { changeRequest } from '../../test/fakes/changed-request.ts';
import { buildFourPlatforms, buildImage, buildList } from '../../test/fakes/image-builder.ts';
import { createMemoryNewFile, linesOf } from '../../test/fakes/memory-new-file.ts';
import { createMemorySignerRecord } from '../../test/fakes/memory-signer-record.ts';
import { createSealPair } from '../../test/fakes/seal-pair.ts';
import { createSigningWorld, createTestSigners } from '../../test/fakes/signing-world.ts';
import { vectorClock } from '../../test/fakes/vectors.ts';
import { acceptBundle } from '../origin/accept/accept-bundle.ts';
import { openHandOffBundles } from '../adapters/hand-off/hand-off-bundles.ts';
import { openHandOffFolder } from '../adapters/hand-off/hand-off-folder.ts';
import { createSignatureReader } from '../adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../trust/signature-readers.ts';
import { digestOf } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { SignerRecord } from '../ports/signer-record.ts';
import { writeRequest } from '../origin/request/write-request.ts';
import { parseGlob } from '../trust/glob.ts';
import type { SignerPolicy } from '../trust/hand-off/signer-policy.ts';
import { approveRequest } from './approve-request.ts';
import { signWaiting } from './sign-waiting.ts';
import { createSimpleSigner } from './simple-signer.ts';
import { type WatchDeps, createWatch } from './watch-requests.ts';

const { ed25519 } = await createTestSigners();
const reader = createSimpleReader(await createSignatureReader([{ name: 'own', bytes: ed25519.publicKey }]));
const requester = await createSealPair();
const alice = await createSealPair();
const bob = await createSealPair();
const four = buildFourPlatforms();
const day = 86_400_000;

const policy: SignerPolicy = {
  requesters: [{ name: 'build', ...requester.key }],
  approvers: [
    { name: 'alice', ...alice.key },
    { name: 'bob', ...bob.key },
  ],
  maximumAge: 7 * day,
  rules: [
    {
      name: 'base',
      repositories: [parseGlob('fedora/*')],
      tags: [parseGlob('**')],
      requesters: new Set(['build']),
      requiredPlatforms: [],
      allowedPlatforms: undefined,
      changes: new Set(['new', 'changed', 'same']),
      times: [],
      approvals: { need: 0, of: new Set() },
      maximumValidity: 100 * day,
      formats: new Set(['simple']),
    },
  ],
  refuse: [{ repositories: [parseGlob('secret/**')], tags: [parseGlob('**')] }],
};
const twoApprovals: SignerPolicy = {
  ...policy,
  rules: policy.rules.map((rule) => ({ ...rule, approvals: { need: 2, of: new Set(['alice', 'bob']) } })),
};

const root = await mkdtemp(join(tmpdir(), 'signpost-watch-'));
after(() => rm(root, { recursive: true }));
let count = 0;

/** A signer's folder on disk, and the origin that asks. */
async function createSigner(changes: Partial<WatchDeps> = {}) {
  const folder = join(root, `${(count += 1)}`);
  const world = await createSigningWorld();
  const memory = createMemorySignerRecord();
  /** `set`: by how much somebody has set the clock of the machine, in milliseconds. */
  const clock = {
    time: vectorClock.now(),
    set: 0,
    now: () => clock.time + clock.set,
    monotonic: () => clock.time,
  };
  const logged: { event: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const note = (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
    void logged.push({ event, fields });
  const deps: WatchDeps = {
    requests: await openHandOffFolder(folder),
    bundles: await openHandOffBundles(join(folder, 'out')),
    policy,
    keys: [{ signer: createSimpleSigner(ed25519), reader }],
    clock,
    sizeLimit: 16 * 1024 * 1024,
    advance: () => {},
    signal: new AbortController().signal,
    openRecord: () => ({ ...memory, [Symbol.dispose]: () => {} }),
    log: { debug: note, info: note, warn: note, error: note },
    ...changes,
  };
  const options = { life: 90 * day, creator: 'signpost test' };
  const put = async (name: string, text: string, place = 'in') => {
    const path = join(folder, place, name);
    await writeFile(path, text);
    // Long ago, so that nobody thinks that it is still being written.
    await utimes(path, clock.time / 1000 - 3600, clock.time / 1000 - 3600);
  };
  return {
    folder,
    world,
    clock,
    logged,
    deps,
    options,
    record: memory,
    pass: createWatch(deps, options),
    put,
    names: async (place: string) => (await readdir(join(folder, place))).sort(),
    read: (place: string, name: string) => readFile(join(folder, place, name), 'utf8'),
    async ask(reference: string, list: typeof four, sealed = true): Promise<string> {
      await world.stage(reference, list);
      const file = createMemoryNewFile();
      const given = { ...world, clock, nonce: () => '0'.repeat(32), createFile: async () => file };
      await writeRequest(sealed ? { ...given, requester: requester.signer } : given, () => true);
      return file.text ?? '';
    },
    async approve(text: string, pair: typeof alice): Promise<string> {
      const file = createMemoryNewFile();
      const review = () => Promise.resolve(true);
      await approveRequest(
        { approver: pair.signer, clock, review, createFile: async () => file },
        linesOf(text),
      );
      return file.text ?? '';
    },
  };
}

test('what is allowed is signed, the bundle is accepted, and the request is put away', async () => {
  const signer = await createSigner();
  await signer.put('monday.request', await signer.ask('fedora/base:41', four));
  assert.deepEqual(await signer.pass(), { signed: 1, waiting: 0, refused: 0, failed: 0, ignored: [] });
  const [bundle = '', ...others] = await signer.names('out');
  assert.deepEqual(others, []);
  assert.deepEqual(await signer.names('in'), []);
  assert.deepEqual(await signer.names('done'), ['monday.request']);
  const lines = linesOf(await signer.read('out', bundle));
  const { published } = await acceptBundle(signer.world.deps, lines, signer.clock.now());
  assert.equal(published.length, 1);
  assert.equal(signer.logged.at(-1)?.event, 'signed');
});

test('what nobody vouches for, or no rule is about, waits with the reasons', async () => {
  const signer = await createSigner();
  await signer.put('a.request', await signer.ask('fedora/base:41', four, false));
  assert.deepEqual(await signer.pass(), { signed: 0, waiting: 1, refused: 0, failed: 0, ignored: [] });
  assert.deepEqual(await signer.names('waiting'), ['a.request', 'a.request.reason']);
  assert.match(await signer.read('waiting', 'a.request.reason'), /nobody vouches for the request/);
  assert.deepEqual(await signer.names('out'), []);
  const other = await createSigner();
  await other.put('b.request', await other.ask('debian/base:12', four));
  await other.pass();
  assert.match(await other.read('waiting', 'b.request.reason'), /no rule is about it/);
});

test('what is ruled out, forged or goes back is refused with the reason', async () => {
  const signer = await createSigner();
  await signer.put('secret.request', await signer.ask('secret/a:1', four));
  assert.equal((await signer.pass()).refused, 1);
  assert.match(await signer.read('refused', 'secret.request.reason'), /the policy refuses it/);

  const forging = await createSigner();
  const asked = await forging.ask('fedora/base:41', four);
  await forging.put(
    'forged.request',
    asked.replace(/"signature":"..../, (found) => `${found.slice(0, -4)}AAAA`),
  );
  assert.equal((await forging.pass()).refused, 1);
  assert.match(await forging.read('refused', 'forged.request.reason'), /was changed after/);

  const back = await createSigner();
  const first = await back.ask('fedora/base:41', four);
  const second = await back.ask('fedora/base:41', buildList([buildImage()]));
  await back.put('2.request', second);
  await back.pass();
  await back.put('1.request', first);
  assert.equal((await back.pass()).refused, 1);
  assert.match(await back.read('refused', '1.request.reason'), /request 1 is not newer than request 2/);
  assert.equal((await back.names('out')).length, 1);

  const ahead = await createSigner();
  const honest = await ahead.ask('fedora/base:41', four);
  await ahead.put('far.request', await changeRequest(honest, { serial: Number.MAX_SAFE_INTEGER }));
  assert.equal((await ahead.pass()).refused, 1);
  assert.match(await ahead.read('refused', 'far.request.reason'), /is more than 1000000 above request 0/);
});

test('a serial that leaps is refused whoever vouches for it, with whatever else is wrong', async () => {
  const reasonFor = async (reference: string) => {
    const signer = await createSigner();
    Object.assign(signer.world.stagedImages, { nextRequestSerial: () => Promise.resolve(2_000_000) });
    await signer.put('far.request', await signer.ask(reference, four));
    assert.equal((await signer.pass()).refused, 1);
    return signer.read('refused', 'far.request.reason');
  };
  const allowed = await reasonFor('fedora/base:41');
  assert.match(allowed, /^request 2000000 is more than 1000000 above request 0[^\n]*\n$/);
  const secret = await reasonFor('secret/a:1');
  assert.match(secret, /is more than 1000000 above request 0/);
  assert.match(secret, /the policy refuses it/);
});

test('of two requests with one serial for a repository only the first is signed', async () => {
  const signer = await createSigner();
  const first = await signer.ask('fedora/base:41', four);
  const twin = await createSigner();
  const second = await twin.ask('fedora/base:41', buildList([buildImage()]));
  await signer.put('a.request', first);
  await signer.put('b.request', second);
  assert.deepEqual(await signer.pass(), { signed: 1, waiting: 0, refused: 1, failed: 0, ignored: [] });
  assert.deepEqual(await signer.names('refused'), ['b.request', 'b.request.reason']);
});

test('a request that comes again is not signed again', async () => {
  const signer = await createSigner();
  const text = await signer.ask('fedora/base:41', four);
  await signer.put('a.request', text);
  await signer.pass();
  const [bundle = ''] = await signer.names('out');
  await rm(join(signer.folder, 'out', bundle));
  await signer.put('a.request', text);
  await signer.put('again.request', text);
  assert.deepEqual(await signer.pass(), { signed: 0, waiting: 0, refused: 0, failed: 0, ignored: [] });
  assert.deepEqual(await signer.names('out'), []);
  const done = (await signer.names('done')).filter((name) => name.endsWith('.request'));
  assert.deepEqual(done, ['a.2.request', 'a.request', 'again.request']);
});

test('approvals let a waiting request go, when there are enough of them', async () => {
  const signer = await createSigner({ policy: twoApprovals });
  const text = await signer.ask('fedora/base:41', four);
  await signer.put('a.request', text);
  await signer.put('mallory.approval', await signer.approve(text, await createSealPair()));
  assert.equal((await signer.pass()).waiting, 1);
  await signer.put('alice.approval', await signer.approve(text, alice));
  await signer.put('alice-again.approval', await signer.approve(text, alice), 'waiting');
  await signer.put('rubbish.approval', '{"type":"signpost-approval"');
  await signer.put('large.approval', 'x'.repeat(100_000));
  assert.equal((await signer.pass()).waiting, 1);
  assert.match(await signer.read('waiting', 'a.request.reason'), /1 of 2 approvals are there/);
  await signer.put('bob.approval', await signer.approve(text, bob), 'waiting');
  assert.equal((await signer.pass()).signed, 1);
  assert.deepEqual(await signer.names('waiting'), []);
  assert.deepEqual(await signer.names('in'), ['large.approval', 'rubbish.approval']);
});

test('an approval of another request is worth nothing', async () => {
  const signer = await createSigner({ policy: twoApprovals });
  const first = await signer.ask('fedora/base:41', four);
  const second = await signer.ask('fedora/base:42', four);
  await signer.put('a.approval', await signer.approve(first, alice));
  await signer.put('b.approval', await signer.approve(first, bob));
  await signer.put('second.request', second);
  assert.equal((await signer.pass()).waiting, 1);
});

test('a waiting request is looked at again when its hour has come', async () => {
  const timed = policy.rules.map((rule) => ({
    ...rule,
    times: [{ days: new Set([0, 1, 2, 3, 4, 5, 6]), from: 22 * 60, to: 23 * 60 }],
  }));
  const signer = await createSigner({ policy: { ...policy, rules: timed } });
  signer.clock.time = Date.parse('2026-03-02T12:00:00Z');
  await signer.put('a.request', await signer.ask('fedora/base:41', four));
  assert.equal((await signer.pass()).waiting, 1);
  signer.clock.time = Date.parse('2026-03-02T22:30:00Z');
  assert.equal((await signer.pass()).signed, 1);
});

test('a waiting request is looked at again in time although the clock was set back', async () => {
  const signer = await createSigner();
  const text = await signer.ask('fedora/base:41', four);
  signer.clock.set = -day;
  await signer.put('a.request', text);
  assert.equal((await signer.pass()).waiting, 1);
  signer.clock.set = 0;
  assert.equal((await signer.pass()).waiting, 1);
  signer.clock.time += 5 * 60_000;
  assert.equal((await signer.pass()).signed, 1);
});

test('clocks that are wrong in either direction make a request wait', async () => {
  for (const [off, reason] of [
    [3_600_000, /which is in the future/],
    [-8 * day, /kept the request back/],
  ] as const) {
    const signer = await createSigner();
    signer.clock.time += off;
    const text = await signer.ask('fedora/base:41', four);
    signer.clock.time -= off;
    await signer.put('a.request', text);
    assert.equal((await signer.pass()).waiting, 1);
    assert.match(await signer.read('waiting', 'a.request.reason'), reason);
  }
  const signer = await createSigner();
  await signer.put('a.request', await signer.ask('fedora/base:41', four));
  await signer.pass();
  signer.clock.time -= day;
  await signer.put('b.request', await signer.ask('fedora/base:41', four));
  assert.equal((await signer.pass()).waiting, 1);
  assert.match(await signer.read('waiting', 'b.request.reason'), /set the clock/);
});

test('a damaged request is refused once it can no longer be on its way', async () => {
  const signer = await createSigner();
  const text = await signer.ask('fedora/base:41', four);
  await writeFile(join(signer.folder, 'in', 'cut.request'), text.slice(0, -100));
  const written = signer.clock.time / 1000;
  await utimes(join(signer.folder, 'in', 'cut.request'), written, written);
  assert.deepEqual(await signer.pass(), { signed: 0, waiting: 0, refused: 0, failed: 0, ignored: [] });
  assert.deepEqual(await signer.names('in'), ['cut.request']);
  signer.clock.time += 61_000;
  assert.equal((await signer.pass()).refused, 1);
  assert.match(await signer.read('refused', 'cut.request.reason'), /not whole/);
});

test('a manifest that is nested deeply is set aside with the reason, and the next request is signed', async () => {
  const signer = await createSigner();
  const text = await signer.ask('fedora/base:41', four);
  const [header = '', image = ''] = text.split('\n');
  const deep = (value: string) => {
    const bytes = Buffer.from(`{"schemaVersion":2,"mediaType":${value}}`).toString('base64');
    const requested = JSON.parse(image) as { list: { bytes: string } };
    requested.list.bytes = bytes;
    return withChecksum([header, JSON.stringify(requested)]).toString();
  };
  const shapes = { object: ['{"0":', '}'], array: ['[', ']'] } as const;
  for (const [name, [open, close]] of Object.entries(shapes)) {
    for (const depth of [50, 3000, 100_000]) {
      const value = `${open.repeat(depth)}1${close.repeat(depth)}`;
      await signer.put(`a-${name}-${depth}.request`, deep(value));
    }
  }
  await signer.put('b.request', text);
  assert.deepEqual(await signer.pass(), { signed: 1, waiting: 0, refused: 6, failed: 0, ignored: [] });
  assert.deepEqual(await signer.names('in'), []);
  assert.match(await signer.read('refused', 'a-array-3000.request.reason'), /nested deeper than 64 levels/);
  assert.match(await signer.read('refused', 'a-object-50.request.reason'), /^.{1,300}\n$/);
});

test('an error that nobody thought of, too, leaves one request for later and the others signed', async () => {
  const signer = await createSigner();
  const text = await signer.ask('fedora/base:41', four);
  await signer.put('a.request', 'x\n');
  await signer.put('b.request', text);
  const { requests } = signer.deps;
  const read = (file: Parameters<typeof requests.read>[0]) => {
    if (file.name === 'a.request') throw new Error('a fault in the program');
    return requests.read(file);
  };
  const pass = createWatch({ ...signer.deps, requests: { ...requests, read } }, signer.options);
  assert.deepEqual(await pass(), { signed: 1, waiting: 0, refused: 0, failed: 1, ignored: [] });
});

test('a request that is taken away before it is read is passed over, and the others are signed', async () => {
  const signer = await createSigner();
  const text = await signer.ask('fedora/base:41', four);
  await signer.put('a.request', 'x\n');
  await signer.put('b.request', text);
  const { requests } = signer.deps;
  const read = (file: Parameters<typeof requests.read>[0]) => {
    if (file.name === 'a.request') throw new SignpostError('NOT_FOUND', 'a.request is gone');
    return requests.read(file);
  };
  const pass = createWatch({ ...signer.deps, requests: { ...requests, read } }, signer.options);
  assert.deepEqual(await pass(), { signed: 1, waiting: 0, refused: 0, failed: 0, ignored: [] });
  assert.deepEqual(await signer.names('refused'), []);
});

test('rubbish, nested, doubled and enormous requests are refused, links and other names left alone', async () => {
  const signer = await createSigner({ sizeLimit: 200_000 });
  const text = await signer.ask('fedora/base:41', four);
  const [header = '', image = '', end = ''] = text.split(/(?<=\n)/);
  for (const [name, content] of Object.entries({
    'empty.request': '',
    'rubbish.request': 'rubbish\n',
    'deep.request': `${'['.repeat(50_000)}${']'.repeat(50_000)}\n`,
    'enormous.request': 'x'.repeat(200_001),
    'doubled.request': header.replace('{', '{"type":"signpost-signing-request",') + image + end,
    'field.request': header.replace('{', '{"more":1,') + image + end,
    'twice.request': header + image + image + end,
    'newer.request': text.replace('"version":1', '"version":2'),
    'latin.request': Buffer.from(text).toString('utf16le'),
    'bundle.request': text.replace('signing-request', 'signature-bundle'),
  })) {
    await signer.put(name, content);
  }
  await signer.put('secret', 'not for anybody', '.');
  await symlink('../secret', join(signer.folder, 'in', 'link.request'));
  await mkdir(join(signer.folder, 'in', 'folder.request'));
  await mkdir(join(signer.folder, 'in', 'empty.request.reason'));
  await mkdir(join(signer.folder, 'in', 'folder.approval'));
  await signer.put('.hidden.request', text);
  await signer.put('other.txt', text);
  const ignored = ['empty.request.reason', 'other.txt', 'folder.request', 'link.request'];
  assert.deepEqual(await signer.pass(), { signed: 0, waiting: 0, refused: 10, failed: 0, ignored });
  assert.deepEqual(await signer.names('in'), [
    '.hidden.request',
    'empty.request.reason',
    'folder.approval',
    'folder.request',
    'link.request',
    'other.txt',
  ]);
  assert.match(await signer.read('refused', 'enormous.request.reason'), /at most 200000 are read/);
  assert.equal((await signer.names('refused')).length, 20);
});

test('metadata is signed only where a rule names its format', async () => {
  const metadata = [
    {
      format: 'tuf' as const,
      sign: async () => [
        { format: 'tuf' as const, path: '1.targets.json', name: 'tuf/targets', bytes: Buffer.from('{}') },
      ],
    },
  ];
  const signer = await createSigner({ metadata });
  await signer.put('a.request', await signer.ask('fedora/base:41', four));
  assert.equal((await signer.pass()).waiting, 1);
  assert.match(await signer.read('waiting', 'a.request.reason'), /it would be signed as tuf/);
  const rules = policy.rules.map((rule) => ({ ...rule, formats: new Set(['simple', 'tuf']) }));
  const allowing = createWatch({ ...signer.deps, policy: { ...policy, rules } }, signer.options);
  assert.equal((await allowing()).signed, 1);
  const [bundle = ''] = await signer.names('out');
  assert.match(await signer.read('out', bundle), /"1\.targets\.json"/);
});

test('a name that is taken is never written over', async () => {
  const signer = await createSigner();
  await signer.put('a.request', await signer.ask('fedora/base:41', four, false));
  await signer.pass();
  const before = await signer.read('waiting', 'a.request');
  await signer.put('a.request', await signer.ask('fedora/base:42', four, false));
  await signer.pass();
  assert.equal(await signer.read('waiting', 'a.request'), before);
  assert.ok((await signer.names('waiting')).includes('a.2.request'));
});

test('a signer that fails leaves the request, and it is tried again', async () => {
  let broken = true;
  const simple = createSimpleSigner(ed25519);
  const moody = {
    ...simple,
    sign: (statement: Parameters<typeof simple.sign>[0]) =>
      broken ? Promise.resolve(Buffer.from('nothing')) : simple.sign(statement),
  };
  const signer = await createSigner({ keys: [{ signer: moody, reader }] });
  await signer.put('a.request', await signer.ask('fedora/base:41', four));
  assert.equal((await signer.pass()).failed, 1);
  assert.deepEqual(await signer.names('in'), ['a.request']);
  assert.deepEqual(await signer.names('out'), []);
  broken = false;
  assert.equal((await signer.pass()).signed, 0);
  signer.clock.time += 60_000;
  assert.equal((await signer.pass()).signed, 1);
});

test('stopped after the record and before the bundle has its name, the same bundle comes out', async () => {
  const signer = await createSigner();
  const text = await signer.ask('fedora/base:41', four);
  await signer.put('a.request', text);
  const bundles = signer.deps.bundles;
  const failing = {
    ...bundles,
    create: async (name: string) => ({
      ...(await bundles.create(name)),
      release: () => Promise.reject(new SignpostError('CANCELLED', 'killed')),
    }),
  };
  await assert.rejects(createWatch({ ...signer.deps, bundles: failing }, signer.options)(), /killed/);
  const [settled = ''] = await signer.names('out');
  assert.match(settled, /^\.signature-bundle-1-sha256-.*\.settled$/);
  assert.equal(signer.record.findBundle(digestOf(text)), digestOf(await signer.read('out', settled)));

  const result = await createWatch(signer.deps, signer.options)();
  assert.deepEqual(result, { signed: 0, waiting: 0, refused: 0, failed: 0, ignored: [] });
  const [bundle = '', ...others] = await signer.names('out');
  assert.deepEqual(others, []);
  assert.equal(signer.record.findBundle(digestOf(text)), digestOf(await signer.read('out', bundle)));
  assert.deepEqual(await signer.names('done'), ['a.request', 'a.request.reason']);
});

test('stopped before the record, the bundle that nobody answers for goes and another one comes', async () => {
  const signer = await createSigner();
  await signer.put('a.request', await signer.ask('fedora/base:41', four));
  const openRecord = (): SignerRecord & Disposable => ({
    ...signer.record,
    add: () => {
      throw new SignpostError('CANCELLED', 'killed');
    },
    [Symbol.dispose]: () => {},
  });
  await assert.rejects(createWatch({ ...signer.deps, openRecord }, signer.options)(), /killed/);
  await writeFile(join(signer.folder, 'out', '.x.bundle.0123456789ab.tmp'), 'half a bundle');
  assert.equal((await signer.names('out')).length, 2);
  signer.clock.time += 1000;
  assert.equal((await signer.pass()).signed, 1);
  const [bundle = '', ...others] = await signer.names('out');
  assert.match(bundle, /^signature-bundle-1-/);
  assert.deepEqual(others, []);
});

test('a person signs what waits, leaves it or refuses it, and cannot sign what goes back', async () => {
  const signer = await createSigner();
  const later = await signer.ask('fedora/base:40', four, false);
  await signer.put('1.request', later);
  await signer.put('2.request', await signer.ask('fedora/base:41', four, false));
  await signer.put('3.request', await signer.ask('fedora/base:42', four, false));
  await signer.pass();
  const deps = { ...signer.deps, record: signer.record };
  const decide = (choice: 'sign' | 'leave' | 'refuse', ...names: string[]) =>
    signWaiting({ ...deps, choose: () => Promise.resolve(choice) }, names, {
      ...signer.options,
      adoptRecord: false,
    });
  const kinds = async (outcomes: ReturnType<typeof decide>) => (await outcomes).map(({ kind }) => kind);

  assert.deepEqual(await kinds(decide('leave')), ['left', 'left', 'left']);
  assert.deepEqual(await kinds(decide('sign', '3.request')), ['signed']);
  assert.deepEqual(await kinds(decide('sign', '2.request')), ['refused']);
  assert.deepEqual(await kinds(decide('refuse')), ['refused']);
  assert.match(await signer.read('refused', '1.request.reason'), /not newer/);
  assert.deepEqual(await signer.names('waiting'), []);
  await assert.rejects(decide('sign', 'none.request'), { code: 'NOT_FOUND' });
  assert.equal((await signer.names('out')).length, 1);
});

test('a pass that is stopped signs nothing and leaves the request', async () => {
  const signer = await createSigner({ signal: AbortSignal.abort() });
  await signer.put('a.request', await signer.ask('fedora/base:41', four));
  await assert.rejects(signer.pass(), { code: 'CANCELLED' });
  assert.deepEqual(await signer.names('in'), ['a.request']);
  assert.deepEqual(await signer.names('out'), []);
});

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CommandResult, describeResult, runCommand } from './harness/command.ts';
import { type Daemon, startDaemon } from './harness/daemon.ts';
import { findGoProgram, needsGoPrograms } from './harness/go-program.ts';
import { createGpgKey } from './harness/gpg-key.ts';
import { findFreePort } from './harness/ports.ts';
import { createSignpost, type Serving, type Signpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const repository = 'conformance/repo1';
/** What the suite makes and Signpost does not publish, and the words of its refusal: docs/adr/0033. */
const refused: Readonly<Record<string, RegExp>> = {
  'index-of-index': /list names another list/,
  'non-distributable-image': /foreign layer/,
};

/**
 * The suite makes its data by pushing to a registry. It pushes to crane's; each tag is published from there; then the
 * suite runs against Signpost, reading only.
 */
describe('the OCI distribution conformance suite', needsGoPrograms('conformance', 'crane'), () => {
  const work = createWorkFolder();
  const parts = new AsyncDisposableStack();
  const outcomes = new Map<string, CommandResult>();
  let signpost: Signpost;
  let serving: Serving;
  let registry: string;

  before(async () => {
    const source = `127.0.0.1:${await findFreePort()}`;
    const crane: Daemon = await startDaemon(
      findGoProgram('crane') ?? 'crane',
      ['registry', 'serve', '--address', source],
      { logFile: work.file('crane.log'), ready: () => answers(`http://${source}/v2/`) },
    );
    parts.use(crane);
    await runSuite(source, { OCI_DATA_SHA512: 'false' });
    const key = parts.use(await createGpgKey(work, 'release', 'ed25519'));
    const port = await findFreePort();
    registry = `127.0.0.1:${port}`;
    signpost = createSignpost(work, 'origin', {
      registry: { name: registry, listen: [{ address: '127.0.0.1', port }] },
      repositories: [{ match: 'conformance/*', keys: [key.publicKey] }],
    });
    const tags = await tagsOf(source);
    assert.ok(tags.length >= 15, `the suite pushed only ${tags.join(', ')}`);
    for (const tag of tags) {
      const image = `${repository}:${tag}`;
      outcomes.set(
        tag,
        await signpost.run(
          'publish',
          `docker://${source}/${image}`,
          image,
          '--source-plain-http',
          // Its configs have the digest of nothing for each gzipped layer (docs/adr/0033).
          '--allow-layer-mismatch',
        ),
      );
    }
    await signpost.sign(key);
    serving = parts.use(await signpost.serve());
    assert.ok(serving.urls.length > 0);
  });
  after(async () => {
    await parts.disposeAsync();
    work.remove();
  });

  it('makes data of which all is published that a list of images may hold', async () => {
    for (const [tag, result] of outcomes) {
      const reason = refused[tag];
      assert.equal(result.status === 0, reason === undefined, describeResult(result));
      if (reason !== undefined) assert.match(result.stderr, reason);
    }
    assert.deepEqual(
      await tagsOf(registry),
      [...outcomes.keys()].filter((tag) => !(tag in refused)),
    );
  });

  for (const version of ['stable', 'dev']) {
    it(`finds no failure in what it reads, by the ${version} specification`, async () => {
      const manifests = digestsIn('manifests').join(' ');
      const result = await runSuite(registry, {
        OCI_VERSION: version,
        OCI_API_PUSH: 'false',
        OCI_API_BLOBS_DIGEST_HEADER: 'true',
        // Reading only, the suite looks for this header in an answer that it has not kept.
        OCI_API_MANIFESTS_DIGEST_HEADER: 'false',
        OCI_RO_DATA_TAGS: (await tagsOf(registry)).join(' '),
        OCI_RO_DATA_MANIFESTS: manifests,
        OCI_RO_DATA_BLOBS: digestsIn('blobs').join(' '),
        OCI_RO_DATA_REFERRERS: manifests,
      });
      const count = (word: string) =>
        Number(new RegExp(`^  ${word}\\.+:\\s+(\\d+)$`, 'm').exec(result.stdout)?.[1]);
      assert.equal(count('FAIL'), 0, failuresOf(result));
      assert.equal(count('Error'), 0, failuresOf(result));
      assert.ok(count('Pass') >= 140, `only ${count('Pass')} checks passed`);
      assert.match(result.stdout, /^OCI Conformance Result: Pass$/m);
    });
  }

  it('would find the digest in the headers of every manifest', async () => {
    for (const digest of digestsIn('manifests')) {
      const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${digest}`, {
        method: 'HEAD',
      });
      assert.equal(answer.headers.get('docker-content-digest'), digest);
    }
  });

  /** What the tree has, without the second names that tell static mirrors the types of manifests. */
  function digestsIn(kind: 'manifests' | 'blobs'): readonly string[] {
    const names = readdirSync(join(signpost.tree, 'v2', repository, kind));
    return names.filter((name) => /^sha256:[0-9a-f]{64}$/.test(name));
  }

  function runSuite(
    registry: string,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    const env = {
      OCI_REGISTRY: registry,
      OCI_TLS: 'disabled',
      OCI_REPO1: repository,
      OCI_REPO2: 'conformance/repo2',
      OCI_API_BLOBS_DELETE: 'false',
      OCI_API_MANIFESTS_DELETE: 'false',
      OCI_API_TAGS_DELETE: 'false',
      OCI_RESULTS_DIR: work.folder('results'),
      ...settings,
    };
    return runCommand(findGoProgram('conformance') ?? 'conformance', [], { env, cwd: work.path });
  }
});

async function tagsOf(registry: string): Promise<readonly string[]> {
  const answer = await fetch(`http://${registry}/v2/${repository}/tags/list`);
  const { tags } = (await answer.json()) as { readonly tags: readonly string[] };
  return [...tags].sort();
}

function failuresOf(result: CommandResult): string {
  const lines = result.stdout.split('\n');
  return lines
    .flatMap((line, index) => (line.endsWith(': FAIL') ? lines.slice(index, index + 2) : []))
    .join('\n');
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
}

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { buildImage, writeLayout } from '../fakes/image-builder.ts';
import { runCommand } from './harness/command.ts';
import { createGpgKey } from './harness/gpg-key.ts';
import { requirements } from './harness/requirements.ts';
import { createSignpost } from './harness/signpost.ts';
import { createWorkFolder } from './harness/work-folder.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/backup.md'), 'utf8');

describe('docs/backup.md', requirements('gpg', 'rsync', 'sqlite3'), () => {
  const work = createWorkFolder();

  test('its commands make a copy, try it, and go on from it', { timeout: 300_000 }, async () => {
    const key = await createGpgKey(work, 'release', 'ed25519');
    const signpost = createSignpost(work, 'origin', {
      registry: { name: 'images.example.org' },
      repositories: [{ match: '*', keys: [key.publicKey] }],
    });
    const publish = async (tag: string) => {
      const layout = work.folder(`layout-${tag}`);
      await writeLayout(layout, buildImage({ layers: [{ tag }] }));
      await signpost.publish(`oci:${layout}`, `fedora/base:${tag}`);
      await signpost.sign(key);
    };
    const backup = work.folder('backup');
    const run = async (block: string) => {
      const [, commands = ''] = new RegExp(`^\`\`\`sh ${block}\n([\\s\\S]*?)^\`\`\``, 'm').exec(page) ?? [];
      assert.ok(commands.length > 0, block);
      const here = commands
        .replaceAll('/var/lib/signpost', signpost.data)
        .replaceAll('/srv/backup', backup)
        .replaceAll('/srv/try', work.file('try'))
        .replaceAll('signer.db', work.file('origin-signer.db'))
        .replaceAll(
          /^signpost .*$/gm,
          (line) => `${join(root, 'bin')}/${line} --config ${work.file('origin.yaml')}`,
        );
      const result = await runCommand('sh', ['-euc', here]);
      assert.equal(result.status, 0, `${block}: ${result.stdout}${result.stderr}`);
      return result.stdout;
    };

    await publish('41');
    await run('backup');
    assert.match(await run('try'), / 0 problems[\s\S]*fedora\/base:41/);

    // The database alone is put back: the tree is newer.
    await publish('42');
    const tree = work.file('newer-tree');
    cpSync(signpost.tree, tree, { recursive: true });
    await run('restore');
    rmSync(signpost.tree, { recursive: true });
    cpSync(tree, signpost.tree, { recursive: true });
    assert.equal((await signpost.run('request')).status, 3);
    assert.match(await run('recover'), /are now at publication 3[\s\S]* 0 problems, 0 notices/);
    await publish('42');

    // Everything is lost, and put back.
    await run('backup');
    rmSync(signpost.data, { recursive: true });
    mkdirSync(signpost.data);
    await run('restore');
    assert.match(await run('recover'), /nothing to recover[\s\S]* 0 problems, 0 notices/);
    await publish('43');
    assert.match(await signpost.must('status'), /Publication 5\./);
  });
});

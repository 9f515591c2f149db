import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chainToPem } from './certificate-pem.ts';
import { createRawKey } from './raw-keys.ts';
import { createTestChain } from './signing-certificates.ts';

/**
 * Keys and roots of TUF and Notary v1 for `registry`, made as people make them. `folder` gets 1.root.json and notary.crt,
 * which are trusted, and tuf.yaml and notary.yaml, which `sign` takes.
 */
export async function makeMetadataKeys(
  folder: string,
  registry: string,
  must: (...argv: string[]) => Promise<unknown>,
): Promise<void> {
  const at = (name: string) => join(folder, name);
  const pub = (name: string) => at(`${name}.pub`);
  for (const name of ['tuf-root', 'targets', 'snapshot', 'timestamp']) {
    const key = createRawKey();
    await writeFile(at(`${name}.pem`), key.pem, { mode: 0o600 });
    await writeFile(pub(name), key.publicPem);
  }
  const roles = ['targets', 'snapshot', 'timestamp'].flatMap((name) => [`--${name}`, pub(name)]);
  const draft = at('root-draft.json');
  await must('tuf', 'root', 'create', '--root', pub('tuf-root'), ...roles, '-o', draft);
  await must('tuf', 'root', 'sign', draft, '--key', at('tuf-root.pem'), '-o', draft, '--yes');
  await must('tuf', 'root', 'finish', draft, '-o', at('1.root.json'));
  const chain = chainToPem(await createTestChain(Date.now(), { subject: `CN=${registry}/*` }));
  await writeFile(at('notary.pem'), chain.key, { mode: 0o600 });
  await writeFile(at('notary.crt'), chain.root);
  const notary = ['--key', at('notary.pem'), '--certificate', at('notary.crt')];
  await must('notary', 'root', ...notary, ...roles, '-o', at('notary-root.json'));
  const keys = (list: boolean) =>
    ['targets', 'snapshot', 'timestamp']
      .map((name) => `${name}: ${list ? `[${name}.pem]` : `${name}.pem`}`)
      .join(', ');
  await writeFile(at('tuf.yaml'), `roots: [1.root.json]\nkeys: { ${keys(true)} }\n`);
  await writeFile(at('notary.yaml'), `roots: [notary-root.json]\nkeys: { ${keys(false)} }\n`);
}

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');

/** Pages of public specifications and programs, which are cited with whose they are. */
const elsewhere = new Set([
  // image-spec
  'annotations.md',
  'config.md',
  'descriptor.md',
  'image-index.md',
  'image-layout.md',
  'layer.md',
  'manifest.md',
  // distribution and containers/image
  'manifest-v2-1.md',
  'containers-signature.5.md',
  'signature-protocols.md',
  // cosign, in-toto and the Notary Project
  'SIGNATURE_SPEC.md',
  'protocol.md',
  'signature-specification.md',
  'signature-envelope-jws.md',
  // tuf-conformance
  'CLIENT-CLI.md',
  // In packages of npm
  'LICENSE.md',
]);

const skipped = new Set(['node_modules', '.git', 'dist', 'coverage', '.cache', 'vectors']);

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter(({ name }) => !skipped.has(name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return entry.isFile() ? [path] : [];
    });
}

test('what is cited as a page of the project is one', () => {
  const files = filesBelow(root);
  const pages = new Set(files.filter((path) => path.endsWith('.md')).map((path) => basename(path)));
  let found = 0;
  const wrong = files
    .filter(
      (path) =>
        /\.(?:ts|mjs|js|md|sh|ya?ml|service|timer|path)$/.test(path) || path.startsWith(join(root, 'bin')),
    )
    .filter((path) => path !== import.meta.filename)
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(/[\w./-]*\w\.md\b/g)].flatMap(([cited]) => {
        found += 1;
        const name = basename(cited);
        return pages.has(name) || elsewhere.has(name) ? [] : [`${path}: ${cited}`];
      }),
    );
  assert.ok(found > 100, `only ${found} pages are cited`);
  assert.deepEqual(wrong, []);
});

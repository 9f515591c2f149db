import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SourceFile, reachableFrom, readSourceFiles } from './import-graph.ts';

const files = readSourceFiles();
const all = [...files.values()];

/** Which folders the files of a folder may import, beside their own. Jobs share this rule: never each other. */
const core: Readonly<Record<string, readonly string[]>> = {
  oci: [],
  trust: ['oci'],
  mirrors: ['oci'],
  ports: ['oci', 'trust', 'mirrors'],
  parallel: [],
  adapters: ['oci', 'trust', 'mirrors', 'ports', 'parallel'],
};
const job: readonly string[] = ['oci', 'trust', 'mirrors', 'ports', 'parallel'];

/** The packages that the pure core may use: they neither read nor wait. */
const purePackages = new Set(['node:crypto', 'node:net']);

test('every folder imports only the folders below it', () => {
  const wrong = all
    .filter((file) => folderOf(file.path) !== 'cli')
    .flatMap((file) => {
      const own = folderOf(file.path);
      const allowed = new Set([own, ...(core[own] ?? job)]);
      return file.imports
        .filter((target) => !allowed.has(folderOf(target)))
        .map((target) => `${file.path} imports ${target}`);
    });
  assert.deepEqual(wrong, []);
});

test('every import of a file leads to a file', () => {
  const wrong = all.flatMap((file) =>
    file.imports.filter((target) => !files.has(target)).map((target) => `${file.path} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

const impure =
  /\b(?:await|async)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandom(?:Bytes|UUID|Int)\b|\bprocess\.|\bset(?:Timeout|Interval|Immediate)\b/;

test('the core never waits, reads a clock, draws randomness or touches the world', () => {
  const pure = inFolders('oci', 'trust', 'mirrors');
  const wrong = pure.flatMap((file) => [
    ...file.packages.filter((name) => !purePackages.has(name)).map((name) => `${file.path} imports ${name}`),
    ...codeLines(file)
      .filter((line) => impure.test(line))
      .map((line) => `${file.path}: ${line.trim()}`),
  ]);
  assert.deepEqual(wrong, []);
});

test('the decision for a blob never waits, reads a clock or draws randomness', () => {
  const file = files.get('registry/route-blob.ts');
  assert.ok(file !== undefined);
  assert.deepEqual(
    codeLines(file).filter((line) => impure.test(line)),
    [],
  );
});

test('the time of day is read by the clock alone, but where a date of a server or of a file is compared with it', () => {
  const readers = all.filter((file) =>
    codeLines(file).some((line) => /\bDate\.now\b|\bnew Date\(\)/.test(line)),
  );
  assert.deepEqual(readers.map(({ path }) => path).sort(), [
    'adapters/front-end/file-snapshot-store.ts',
    'adapters/source/registry/registry-client.ts',
    'adapters/sync/retry-after.ts',
    'adapters/system-clock.ts',
  ]);
});

test('only adapters touch disk, network, processes and databases', () => {
  const world =
    /^(?:node:)?(?:fs|fs\/promises|net|http|https|tls|dns|dns\/promises|child_process|sqlite|worker_threads)$/;
  const wrong = all
    .filter((file) => !['adapters', 'cli', 'oci', 'mirrors', 'trust'].includes(folderOf(file.path)))
    .flatMap((file) =>
      file.packages.filter((name) => world.test(name)).map((name) => `${file.path} imports ${name}`),
    )
    .filter((line) => !line.endsWith(' imports node:net'));
  assert.deepEqual(wrong, []);
});

test('only compose constructs adapters', () => {
  const wrong = inFolders('cli')
    .filter((file) => !file.path.startsWith('cli/compose/'))
    .flatMap((file) =>
      file.imports
        .filter((target) => folderOf(target) === 'adapters')
        .map((target) => `${file.path} imports ${target}`),
    );
  assert.deepEqual(wrong, []);
});

test('only config reads the environment', () => {
  const wrong = all
    .filter((file) => file.path !== 'cli/config.ts')
    .flatMap((file) =>
      codeLines(file)
        .filter((line) => /\bprocess\.env\b/.test(line))
        .map((line) => `${file.path}: ${line}`),
    );
  assert.deepEqual(wrong, []);
});

test('the server cannot reach private-key code', () => {
  const reached = reachableFrom(files, 'cli/commands/serve.ts');
  assert.ok(reached.has('cli/compose/serve.ts'), 'the server was not walked');
  const wrong = [...reached].filter(
    (path) => path.startsWith('sign/') || /sign(?:er|ing-key)/.test(path) || readsPrivateKeys(path),
  );
  assert.deepEqual(wrong, []);
});

test('the signer can reach no code that listens or connects', () => {
  const reached = new Set(
    ['sign', 'signer'].flatMap((name) => {
      const walked = reachableFrom(files, `cli/commands/${name}.ts`);
      assert.ok(walked.has('sign/sign-request.ts'), `${name} was not walked`);
      return [...walked];
    }),
  );
  const network = /^(?:node:)?(?:net|http|https|http2|tls|dgram|dns|dns\/promises)$/;
  const wrong = [...reached]
    // Address arithmetic uses node:net for isIP alone.
    .filter((path) => !path.startsWith('mirrors/'))
    .flatMap((path) =>
      (files.get(path)?.packages ?? [])
        .filter((name) => network.test(name))
        .map((name) => `${path} imports ${name}`),
    );
  assert.deepEqual(wrong, []);
});

test('interfaces have five methods or fewer', () => {
  const ports = inFolders('ports');
  assert.ok(ports.length > 8, `only ${ports.length} ports were scanned`);
  const wrong = ports.flatMap((file) =>
    [...file.text.matchAll(/export interface (\w+)[^{]*\{([\s\S]*?)\n\}/g)]
      .map(([, name, body]) => ({ name, methods: [...(body ?? '').matchAll(/^ {2}\w+\(/gm)].length }))
      .filter(({ methods }) => methods > 5)
      .map(({ name, methods }) => `${file.path}: ${name} has ${methods}`),
  );
  assert.deepEqual(wrong, []);
});

// With Promise.all the others go on after one has failed, while the caller lets go of its locks and folders.
test('whoever does several things at once waits for all of them', () => {
  const outside = all.filter((file) => folderOf(file.path) !== 'parallel');
  assert.ok(outside.some((file) => file.imports.includes('parallel/in-parallel.ts')));
  const wrong = outside.flatMap((file) =>
    codeLines(file)
      .filter((line) => /\bPromise\.(?:all|any)\b/.test(line) || /\bPromise\.race\((?!\[\w)/.test(line))
      .map((line) => `${file.path}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});

test('text goes out through the terminal, which escapes it, or through the log, which does the same', () => {
  // What draws on the screen; what one process of the demo tells the other, and a program that is written out for clients.
  const drawing = ['cli/count-line.ts', 'cli/prompt.ts', 'cli/compose/progress.ts', 'cli/terminal.ts'];
  const apart = new Set([
    'cli/main.ts',
    'cli/old-node.ts',
    'adapters/demo/mirror-process.ts',
    'export/metadata-trust-files.ts',
  ]);
  const wrong = all.flatMap((file) =>
    codeLines(file)
      .filter(
        (line) =>
          (/\bprocess\.std(?:out|err)\b|^\s*console\./.test(line) && !apart.has(file.path)) ||
          (/\bscreen\b/.test(line) && !drawing.includes(file.path) && file.path !== 'cli/command.ts'),
      )
      .map((line) => `${file.path}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});

test('manifest bytes are never serialised again', () => {
  const wrong = inFolders('registry', 'accept', 'request', 'sign').flatMap((file) =>
    codeLines(file)
      .filter((line) => /JSON\.stringify\(\s*(?:manifest|list|index)\s*[,)]/.test(line))
      .map((line) => `${file.path}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});

test('JSON is read with bounds on its depth and size, but where Signpost itself has written it', () => {
  const own = [
    'adapters/process-lock.ts',
    'adapters/sqlite/audit-log.ts',
    'adapters/sqlite/mirror-description.ts',
    'adapters/sqlite/mirror-states.ts',
    'adapters/sqlite/published-rows.ts',
    'adapters/state-file.ts',
    'cli/compose/demo-stage.ts',
    'cli/version.ts',
    'sync/retired-files.ts',
  ];
  const readers = [...files.values()]
    .filter((file) => codeLines(file).some((line) => /\bJSON\.parse\(|\.json\(\)/.test(line)))
    .map(({ path }) => path);
  assert.deepEqual(readers.sort(), [...own, 'oci/parse-json.ts', 'trust/strict-json.ts'].sort());
});

test('the scan saw the whole source', () => {
  assert.ok(all.length > 40, `only ${all.length} files were scanned`);
  for (const folder of [
    'oci',
    'trust',
    'mirrors',
    'ports',
    'adapters',
    'registry',
    'publish',
    'sign',
    'accept',
    'cli',
  ]) {
    assert.ok(inFolders(folder).length > 0, `src/${folder} was not scanned`);
  }
});

function folderOf(path: string): string {
  return path.split('/')[0] ?? '';
}

function inFolders(...folders: readonly string[]): readonly SourceFile[] {
  return all.filter((file) => folders.includes(folderOf(file.path)));
}

/** The lines of a file without comments: prose may say "await". */
function codeLines(file: SourceFile): readonly string[] {
  return file.text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s)\/\/.*$/, ''));
}

function readsPrivateKeys(path: string): boolean {
  return /\b(?:readPrivateKey|decryptKey|createSign|createPrivateKey)\b/.test(files.get(path)?.text ?? '');
}

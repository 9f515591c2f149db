import assert from 'node:assert/strict';
import { dirname } from 'node:path';
import { test } from 'node:test';
import { type SourceFile, reachableFrom, readSourceFiles } from './import-graph.ts';

const files = readSourceFiles();
const all = [...files.values()];

/** Which rooms each room may import, beside itself. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  text: [],
  parallel: [],
  oci: ['text'],
  net: ['oci'],
  tree: ['oci'],
  trust: ['oci', 'text'],
  mirrors: ['oci', 'net', 'text'],
  ports: ['oci', 'net', 'tree', 'trust', 'mirrors'],
  download: ['text', 'parallel', 'oci', 'net', 'ports'],
  adapters: ['text', 'parallel', 'oci', 'net', 'tree', 'trust', 'mirrors', 'ports', 'download'],
};
/** What a program may import, beside itself: never another program, and no adapter. */
const below: readonly string[] = [
  'text',
  'parallel',
  'oci',
  'net',
  'tree',
  'trust',
  'mirrors',
  'ports',
  'download',
];
const programs: readonly string[] = ['origin', 'signer', 'server', 'mirror', 'client'];
/** What the commands of several programs share: how they read settings and keys, and reach what is stored. */
const wiring: Readonly<Record<string, readonly string[]>> = {
  terminal: [],
  config: ['terminal'],
  keys: ['terminal', 'config'],
  records: ['terminal', 'config', 'keys'],
  trust: ['terminal', 'config', 'keys', 'records'],
  checks: ['terminal', 'config', 'keys', 'records', 'trust'],
};

test('every room imports only the rooms below it, and no program another', () => {
  const wrong = all
    .filter((file) => roomOf(file.path) !== 'cli')
    .flatMap((file) => {
      const own = roomOf(file.path);
      assert.ok(own in rooms || programs.includes(own), `src/${own} has no rule`);
      const allowed = new Set([own, ...(rooms[own] ?? below)]);
      return file.imports
        .filter((target) => !allowed.has(roomOf(target)))
        .map((target) => `${file.path} imports ${target}`);
    });
  assert.deepEqual(wrong, []);
});

test('the commands of a program share with those of others only what stands in rooms of its own', () => {
  const wrong = inRooms('cli').flatMap((file) => {
    const own = commandRoomOf(file.path);
    const allowed = new Set([own, ...(wiring[own] ?? Object.keys(wiring))]);
    return file.imports
      .filter((target) => roomOf(target) === 'cli' && file.path !== 'cli/program.ts')
      .filter((target) => !allowed.has(commandRoomOf(target)))
      .map((target) => `${file.path} imports ${target}`);
  });
  assert.deepEqual(wrong, []);
});

test('nothing is in a circle, neither files nor folders', () => {
  const byFile = new Map(all.map((file) => [file.path, new Set(file.imports)]));
  assert.deepEqual(circlesOf(byFile), []);
  const byFolder = new Map<string, Set<string>>();
  for (const file of all) {
    const own = dirname(file.path);
    const targets = byFolder.get(own) ?? new Set();
    byFolder.set(own, targets);
    // A folder and what it is divided into are one room.
    const apart = (folder: string) =>
      !`${folder}/`.startsWith(`${own}/`) && !`${own}/`.startsWith(`${folder}/`);
    for (const target of file.imports.map(dirname)) if (apart(target)) targets.add(target);
  }
  assert.deepEqual(circlesOf(byFolder), []);
});

test('adapters stand in one folder a kind, and no file of theirs outside of one', () => {
  assert.deepEqual(
    inRooms('adapters')
      .map(({ path }) => path)
      .filter((path) => path.split('/').length < 3),
    [],
  );
});

test('files stay small: none over 300 lines, the median at most 80', () => {
  const lengths = all.map((file) => ({ path: file.path, lines: file.text.split('\n').length - 1 }));
  assert.deepEqual(
    lengths.filter(({ lines }) => lines > 300).map(({ path, lines }) => `${path}: ${lines}`),
    [],
  );
  const sorted = lengths.map(({ lines }) => lines).sort((a, b) => a - b);
  assert.ok((sorted[Math.floor(sorted.length / 2)] ?? Infinity) <= 80);
});

test('every import of a file leads to a file', () => {
  const wrong = all.flatMap((file) =>
    file.imports.filter((target) => !files.has(target)).map((target) => `${file.path} imports ${target}`),
  );
  assert.deepEqual(wrong, []);
});

/** The packages that the pure core may use: they neither read nor wait. */
const purePackages = new Set(['node:crypto', 'node:net']);

const impure =
  /\b(?:await|async)\b|\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\brandom(?:Bytes|UUID|Int)\b|\bprocess\.|\bset(?:Timeout|Interval|Immediate)\b/;

test('the core never waits, reads a clock, draws randomness or touches the world', () => {
  const pure = inRooms('text', 'oci', 'net', 'tree', 'trust', 'mirrors');
  const wrong = pure.flatMap((file) => [
    ...file.packages.filter((name) => !purePackages.has(name)).map((name) => `${file.path} imports ${name}`),
    ...codeLines(file)
      .filter((line) => impure.test(line))
      .map((line) => `${file.path}: ${line.trim()}`),
  ]);
  assert.deepEqual(wrong, []);
});

test('what decides in the outer rooms never waits, reads a clock or draws randomness', () => {
  // For a blob, and for a file that is fetched from several sources.
  for (const path of ['server/pull/route-blob.ts', 'download/source-pool.ts', 'download/file-plan.ts']) {
    const file = files.get(path);
    assert.ok(file !== undefined, path);
    assert.deepEqual(
      codeLines(file).filter((line) => impure.test(line)),
      [],
    );
  }
});

test('the time of day is read by the clock alone, but where a date of a server or of a file is compared with it', () => {
  const readers = all.filter((file) =>
    codeLines(file).some((line) => /\bDate\.now\b|\bnew Date\(\)/.test(line)),
  );
  assert.deepEqual(readers.map(({ path }) => path).sort(), [
    'adapters/front-end/file-snapshot-store.ts',
    'adapters/http-client/retry-after.ts',
    'adapters/time/system-clock.ts',
  ]);
});

test('only adapters touch disk, network, processes and databases', () => {
  const world =
    /^(?:node:)?(?:fs|fs\/promises|net|http|https|tls|dns|dns\/promises|child_process|sqlite|worker_threads)$/;
  const wrong = all
    .filter((file) => !['adapters', 'cli', 'oci', 'mirrors', 'trust'].includes(roomOf(file.path)))
    .flatMap((file) =>
      file.packages.filter((name) => world.test(name)).map((name) => `${file.path} imports ${name}`),
    )
    .filter((line) => !line.endsWith(' imports node:net'));
  assert.deepEqual(wrong, []);
});

test('only config reads the environment', () => {
  const wrong = all
    .filter((file) => file.path !== 'cli/config/config.ts')
    .flatMap((file) =>
      codeLines(file)
        .filter((line) => /\bprocess\.env\b/.test(line))
        .map((line) => `${file.path}: ${line}`),
    );
  assert.deepEqual(wrong, []);
});

test('the server cannot reach private-key code', () => {
  const reached = reachableFrom(files, 'cli/server/serve.ts');
  assert.ok(reached.has('cli/server/compose-serve.ts'), 'the server was not walked');
  const wrong = [...reached].filter(
    (path) =>
      path.startsWith('signer/') ||
      path.startsWith('cli/signer/') ||
      /sign(?:er|ing-key)/.test(path) ||
      readsPrivateKeys(path),
  );
  assert.deepEqual(wrong, []);
});

test('the signer can reach no code that listens or connects', () => {
  const reached = new Set(
    ['sign', 'signer'].flatMap((name) => {
      const walked = reachableFrom(files, `cli/signer/${name}.ts`);
      assert.ok(walked.has('signer/sign-request.ts'), `${name} was not walked`);
      return [...walked];
    }),
  );
  const network = /^(?:node:)?(?:net|http|https|http2|tls|dgram|dns|dns\/promises)$/;
  const wrong = [...reached]
    // Address arithmetic uses node:net for isIP alone.
    .filter((path) => !path.startsWith('net/'))
    .flatMap((path) =>
      (files.get(path)?.packages ?? [])
        .filter((name) => network.test(name))
        .map((name) => `${path} imports ${name}`),
    );
  assert.deepEqual(wrong, []);
});

test('interfaces have five methods or fewer', () => {
  const ports = inRooms('ports');
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
  const outside = all.filter((file) => roomOf(file.path) !== 'parallel');
  assert.ok(outside.some((file) => file.imports.includes('parallel/in-parallel.ts')));
  const wrong = outside.flatMap((file) =>
    codeLines(file)
      .filter((line) => /\bPromise\.(?:all|any)\b/.test(line) || /\bPromise\.race\((?!\[\w)/.test(line))
      .map((line) => `${file.path}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});

test('text goes out through the terminal, which escapes it, or through the log, which does the same', () => {
  // What draws on the screen; and a program that is written out for clients.
  const drawing = ['count-line', 'prompt', 'progress', 'terminal'].map((name) => `cli/terminal/${name}.ts`);
  const apart = new Set([
    'cli/main.ts',
    'cli/terminal/run-program.ts',
    'client/export/metadata-trust-files.ts',
  ]);
  const wrong = all.flatMap((file) =>
    codeLines(file)
      .filter(
        (line) =>
          (/\bprocess\.std(?:out|err)\b|^\s*console\./.test(line) && !apart.has(file.path)) ||
          (/\bscreen\b/.test(line) &&
            !drawing.includes(file.path) &&
            file.path !== 'cli/terminal/command.ts'),
      )
      .map((line) => `${file.path}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});

test('manifest bytes are never serialised again', () => {
  const wrong = inRooms('server', 'origin', 'signer', 'mirror').flatMap((file) =>
    codeLines(file)
      .filter((line) => /JSON\.stringify\(\s*(?:manifest|list|index)\s*[,)]/.test(line))
      .map((line) => `${file.path}: ${line.trim()}`),
  );
  assert.deepEqual(wrong, []);
});

test('JSON is read with bounds on its depth and size, but where Signpost itself has written it', () => {
  const own = [
    'adapters/process/process-lock.ts',
    'adapters/db/tables/audit-log.ts',
    'adapters/db/tables/mirror-description.ts',
    'adapters/db/tables/mirror-states.ts',
    'adapters/db/tables/published-rows.ts',
    'adapters/files/state-file.ts',
    'cli/terminal/version.ts',
    'mirror/retired-files.ts',
  ];
  const readers = [...files.values()]
    .filter((file) => codeLines(file).some((line) => /\bJSON\.parse\(|\.json\(\)/.test(line)))
    .map(({ path }) => path);
  assert.deepEqual(readers.sort(), [...own, 'oci/parse-json.ts', 'trust/strict-json.ts'].sort());
});

test('the scan saw the whole source', () => {
  assert.ok(all.length > 40, `only ${all.length} files were scanned`);
  for (const folder of [...Object.keys(rooms), ...programs, 'cli']) {
    assert.ok(inRooms(folder).length > 0, `src/${folder} was not scanned`);
  }
});

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** Of `cli/origin/publish.ts`, `origin`. */
function commandRoomOf(path: string): string {
  return path.split('/').length > 2 ? (path.split('/')[1] ?? '') : '';
}

/** The circles of a graph, each from its first name in the order of the alphabet. */
function circlesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): readonly string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (node: string, way: readonly string[]): void => {
    if (way.includes(node)) circles.push([...way.slice(way.indexOf(node)), node].join(' → '));
    if (way.includes(node) || done.has(node)) return;
    for (const target of graph.get(node) ?? []) visit(target, [...way, node]);
    done.add(node);
  };
  for (const node of [...graph.keys()].sort()) visit(node, []);
  return circles;
}

function inRooms(...folders: readonly string[]): readonly SourceFile[] {
  return all.filter((file) => folders.includes(roomOf(file.path)));
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

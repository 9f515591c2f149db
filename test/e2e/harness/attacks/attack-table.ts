import { type Attack, type AttackName, type TestName, attacks } from './attacks.ts';
import { type BadInput, badInput } from './bad-input.ts';
import { insideAttacks } from './inside-attacks.ts';
import { type Column, type Outcome, columns, meanings } from './outcomes.ts';

/** What was measured: the version of each client that was there, and how each attack ended for it. */
export interface AttackTable {
  readonly versions: ReadonlyMap<Column, string>;
  readonly rows: ReadonlyMap<AttackName, ReadonlyMap<Column, Outcome>>;
}

const names = Object.keys(attacks) as AttackName[];
const notConcerned = '·';

/** docs/attacks.md, for what was measured. */
export function formatAttackTable(table: AttackTable): string {
  const heads = columns.map((column) => headOf(column, table.versions.get(column)));
  const outcomes = names.map((name, index) => [
    `${index + 1}`,
    attacks[name].words,
    ...columns.map((column) => table.rows.get(name)?.get(column) ?? notConcerned),
  ]);
  const consequences = names.map((name, index) => {
    const { next, tests = [] }: Attack = attacks[name];
    return [`${index + 1}`, next, formatTests(tests)];
  });
  const inside = insideAttacks.map(({ words, notices, next, tests }) => [
    words,
    notices,
    next,
    formatTests(tests),
  ]);
  return [
    '# Attacks, who notices, and what happens next',
    '',
    'Mirrors are not trusted, nor is the way to the Mirror List, nor, by a client that verifies, the Mirror List itself.',
    'Each attack below is played by a test. `test/e2e/attacks.test.ts` plays those against people who pull, with real',
    'clients, and writes what it observes: the outcomes in this table are not typed by hand, and the test fails when a',
    'client does otherwise. `test/attack-table.test.ts` checks that every other test that is named here exists.',
    '',
    '## Against those who pull',
    '',
    'An image is published under `demo/tool:1.0` in every format, then another one under the same tag. Clients that',
    'remember have pulled the newest one before, unless a row says otherwise. The settings:',
    '',
    "- **docker**: nothing. It checks digests, and no signature; containerd's ctr does the same.",
    '- **docker, content trust**: `DOCKER_CONTENT_TRUST=1`, and **notary**: `notary lookup`; both remember.',
    '- **podman**, **skopeo**: a policy.json with `signedBy` and the release key. They remember nothing.',
    '- **skopeo --all**: the same, for all platforms at once.',
    '- **tuf-js**: `refresh()`, then the target of the tag; what it names is pulled by digest. It remembers.',
    '- **signpost verify**: a policy with `simple` and the release key, `--blobs`, and `--state`, which remembers.',
    '- **cosign**: `cosign verify --key`, the attached form. **notation**: a strict policy, `-m reference=...:1.0`.',
    '',
    ...formatRows([['', 'attack', ...heads], ...outcomes]),
    '',
    ...Object.entries(meanings).map(([word, meaning]) => `- **${word}**: ${meaning}.`),
    `- **${notConcerned}**: not played with this client: it has nothing to do with what the attack is about.`,
    '',
    'What happens next, and which other tests play it, or a part of it:',
    '',
    ...formatRows([['', 'what happens next', 'tests'], ...consequences]),
    '',
    '## Against those who sign and publish',
    '',
    ...formatRows([['attack', 'who notices', 'what happens next', 'tests'], ...inside]),
    '',
    '## Bad input',
    '',
    'Each of these is refused with its own reason, and nothing is signed, published or changed.',
    '',
    ...formatRows([['input', 'tests'], ...badInput.map(({ words, tests }) => [words, formatTests(tests)])]),
    '',
  ].join('\n');
}

/** What a page says was measured. */
export function readAttackTable(page: string): AttackTable {
  const table = page.slice(page.indexOf('\n|  | attack |')).trimStart().split('\n\n', 1)[0] ?? '';
  // Before the first cell there is an empty one, then the number and the attack.
  const [head = [], , ...rows] = table
    .split('\n')
    .map((line) => line.split(' | ').map((cell) => cell.replace(/ \|$/, '')));
  const versions = new Map<Column, string>();
  const cellOf = new Map<Column, number>();
  for (const column of columns) {
    const index = head.findIndex(
      (cell, place) => place > 1 && new RegExp(`^${column}(?: [0-9.]+)?$`).test(cell),
    );
    if (index < 0) continue;
    versions.set(column, (head[index] ?? '').slice(column.length).trim());
    cellOf.set(column, index);
  }
  const read = names.map((name) => {
    const row = rows.find((cells) => cells[1] === attacks[name].words) ?? [];
    const cells = [...cellOf].map(([column, index]) => [column, row[index] ?? ''] as const);
    return [name, new Map(cells.filter((cell): cell is [Column, Outcome] => cell[1] in meanings))] as const;
  });
  return { versions, rows: new Map(read) };
}

/** Every test that the page names. */
export function namedTests(): readonly TestName[] {
  const all: readonly (Attack | BadInput)[] = [...Object.values(attacks), ...insideAttacks, ...badInput];
  return all.flatMap(({ tests = [] }) => tests);
}

function headOf(column: Column, version: string | undefined): string {
  return [column, version ?? ''].join(' ').trim();
}

function formatTests(tests: readonly TestName[]): string {
  return tests.map(([file, title]) => `\`${file}\`: ${title}`).join('<br>') || 'this one';
}

function formatRows(rows: readonly (readonly string[])[]): string[] {
  const [head = [], ...others] = rows;
  return [head, head.map(() => '---'), ...others].map((cells) => `| ${cells.join(' | ')} |`);
}

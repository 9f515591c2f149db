import { type ClientName, clientNames } from './clients/all-clients.ts';

/** What a client did when its first mirror failed. */
export type Outcome = 'recovers' | 'fails' | 'stands still' | 'hangs';

export interface FailureTable {
  /** Version of each client: `20.10.24`. */
  readonly versions: ReadonlyMap<ClientName, string>;
  /** Outcomes by fault and client. */
  readonly rows: ReadonlyMap<string, ReadonlyMap<ClientName, Outcome>>;
}

const meanings: Readonly<Record<Outcome, string>> = {
  recovers: 'the pull succeeds by itself, with bytes from another mirror',
  fails: 'the pull ends with an error; asked again, it succeeds',
  'stands still': 'the pull does not end by itself within 15 seconds; stopped and asked again, it succeeds',
  hangs:
    'the same, but what is asked again waits for the first pull, which the daemon cannot end; once the daemon is ' +
    'restarted, it succeeds',
};

/** docs/client-failures.md, for what was measured. */
export function formatFailureTable(table: FailureTable): string {
  const heads = clientNames.map((name) => `${name} ${table.versions.get(name) ?? ''}`);
  const rows = [...table.rows].map(([fault, cells]) => [
    fault,
    ...clientNames.map((name) => cells.get(name) ?? 'not measured'),
  ]);
  return [
    '# When a mirror fails during a pull',
    '',
    'What stock clients do when the first mirror that they are sent to fails and the next one is good. This page is',
    'written by `test/e2e/faults.test.ts`, which runs each client against each fault.',
    '',
    ...[['the mirror', ...heads], heads.concat('').map(() => '---'), ...rows].map(
      (cells) => `| ${cells.join(' | ')} |`,
    ),
    '',
    ...Object.entries(meanings).map(([word, meaning]) => `- **${word}**: ${meaning}.`),
    '',
    'Asking again may be needed twice, where the first pull ended before it had come to all of its blobs. In every',
    'case the same test shows that no client takes a wrong byte, that a client that asks again succeeds, that nobody',
    'is sent to the failing mirror once 5 seconds have passed since the first failure, and that the mirror is back in',
    'use soon after it has been repaired.',
    '',
  ].join('\n');
}

/** The outcomes of one client in a page, if the page has it in this version. */
export function readColumn(
  page: string,
  name: ClientName,
  version: string,
): ReadonlyMap<string, string> | undefined {
  const [head, , ...rows] = page
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const column = head?.indexOf(`${name} ${version}`) ?? -1;
  if (column < 0) return undefined;
  return new Map(rows.map((cells) => [cells[1] ?? '', cells[column] ?? '']));
}

import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import { type AuditEntry, type AuditLog, type AuditValue, auditReadLimit } from '../../ports/audit-log.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { openRecords } from '../records/records.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatTime } from '../../text/format-time.ts';

interface Options extends CommonOptions, ServerOptions {
  readonly limit: string;
  readonly before?: string;
}

/** `signpost audit`: who changed what. */
export function createCommand(terminal: Terminal): Command {
  const command = createVerb(
    'audit',
    'Show who changed what, the newest change first. The record holds every change of a mirror or a token, made by a command ' +
      'or through the management API, and every publication, refusal, renewal and discarded image.',
    [
      'signpost audit',
      'signpost audit --limit 500 --before 1234 --json',
      'signpost audit --server https://admin.example.org --token-file ~/.signpost-token',
    ],
  );
  return addServerOptions(command)
    .option('--limit <number>', `how many changes to show, at most ${auditReadLimit}`, '50')
    .option('--before <number>', 'only changes before the one with this number')
    .action(async (options: Options) => {
      const before = options.before === undefined ? undefined : parseNumber(options.before, '--before');
      const limit = Math.min(parseNumber(options.limit, '--limit'), auditReadLimit);
      await using records = await openRecords(options);
      const entries = await readPages(records.audit, limit, before);
      const table = formatTable([
        ['NUMBER', 'WHEN', 'WHO', 'WHAT', 'TO', 'BEFORE', 'AFTER'],
        ...entries.map((entry) => [
          String(entry.number),
          formatTime(entry.at),
          entry.who,
          entry.action,
          entry.subject,
          describe(entry.before),
          describe(entry.after),
        ]),
      ]);
      printResult(
        terminal,
        options,
        { entries: entries.map(toJson) },
        entries.length === 0 ? ['No change has been written down.'] : table,
      );
    });
}

async function readPages(
  audit: Pick<AuditLog, 'read'>,
  limit: number,
  before: number | undefined,
): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let from = before;
  while (entries.length < limit && from !== 1) {
    const page = await audit.read(limit - entries.length, from);
    if (page.length === 0) break;
    entries.push(...page);
    from = page.at(-1)?.number;
  }
  return entries;
}

const cellLimit = 60;

function describe(value: AuditValue | undefined): string {
  const text = value === undefined ? '-' : JSON.stringify(value);
  return text.length <= cellLimit ? text : `${text.slice(0, cellLimit - 3)}...`;
}

function toJson({ at, ...entry }: AuditEntry): object {
  return { ...entry, at: formatTime(at) };
}

function parseNumber(text: string, option: string): number {
  const number = /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : 0;
  if (number > 0) return number;
  throw new SignpostError('USAGE', `${option} is "${text.slice(0, 40)}": expected a whole number from 1 on`);
}

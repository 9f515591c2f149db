import { type Command, InvalidArgumentError } from 'commander';
import type { StoredMirrorEvent } from '../../ports/mirror-history.ts';
import { type CommonOptions, createVerb, printResult, type Terminal } from '../terminal/command.ts';
import { openRecords } from '../records/records.ts';
import { type ServerOptions, addServerOptions } from '../records/server-options.ts';
import { formatTable } from '../../text/format-table.ts';
import { formatTime } from '../../text/format-time.ts';

const most = 1000;

interface Options extends CommonOptions, ServerOptions {
  readonly limit: number;
}

/** `signpost mirror history`: what happened to a mirror, and why. */
export function createHistory(terminal: Terminal): Command {
  const command = createVerb('history', 'Show when a mirror went out or came back, and why.', [
    'signpost mirror history uni-example',
    'signpost mirror history uni-example --limit 100 --json',
  ]);
  return addServerOptions(command)
    .argument('<name>', 'the mirror')
    .option('--limit <count>', 'how many events to show, the newest first', parseLimit, 20)
    .action(async (name: string, options: Options) => {
      await using records = await openRecords(options);
      const events = await records.history(name, options.limit);
      const lines = formatTable(events.map(({ at, kind, detail }) => [formatTime(at), kind, detail]));
      printResult(
        terminal,
        options,
        { events: events.map(toJson) },
        events.length === 0 ? [`Nothing is known to have happened to ${name}.`] : lines,
      );
    });
}

function toJson({ id, at, kind, detail }: Omit<StoredMirrorEvent, 'mirror'>) {
  return { id, at: formatTime(at), kind, detail };
}

function parseLimit(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= most) return count;
  throw new InvalidArgumentError(`expected a number from 1 to ${most}.`);
}

import { Command } from 'commander';
import { visibleLine } from '../../text/visible.ts';

/** The streams of a process; tests hand in their own. */
export interface Streams {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  /** Ends when the process is asked to stop (SIGINT, SIGTERM). */
  readonly signal: AbortSignal;
}

/** Takes text; what strangers have written of it reaches nobody unescaped. */
export interface TextOutput {
  readonly isTTY: boolean;
  write(text: string): unknown;
}

/** Where a command reads and writes. */
export interface Terminal extends Pick<Streams, 'stdin' | 'signal'> {
  readonly stdout: TextOutput;
  readonly stderr: TextOutput;
  /** Standard error as it is, for what draws on it: nothing that strangers say may be written there. */
  readonly screen: Streams['stderr'];
}

/** Every `commands/<verb>.ts` exports one of these as `createCommand`. */
export type CreateCommand = (terminal: Terminal) => Command;

/** The options that every command takes. */
export interface CommonOptions {
  readonly config?: string | undefined;
  readonly data?: string | undefined;
  readonly json?: boolean;
}

/** A command with the common options and examples at the end of its help. */
export function createVerb(name: string, description: string, examples: readonly string[]): Command {
  return new Command(name)
    .description(description)
    .option(
      '--config <file>',
      'configuration file (or SIGNPOST_CONFIG; default: /etc/signpost/signpost.yaml if it exists)',
    )
    .option('--data <folder>', 'data folder, instead of the one in the configuration (or SIGNPOST_DATA)')
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`);
}

/** Prints a result: one JSON document with `--json`, otherwise the lines for people. */
export function printResult(
  terminal: Terminal,
  options: CommonOptions,
  json: unknown,
  lines: readonly string[],
): void {
  terminal.stdout.write(
    options.json === true ? `${JSON.stringify(json)}\n` : lines.map((l) => `${visibleLine(l)}\n`).join(''),
  );
}

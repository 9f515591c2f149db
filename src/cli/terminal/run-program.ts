import nodeModule from 'node:module';
import { type Command, CommanderError } from 'commander';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { Streams, Terminal } from './command.ts';
import { compileCacheFolder } from './compile-cache-folder.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { watchOutput } from './output.ts';
import { createTerminal } from './terminal.ts';

/** Makes the commands of a program. It sees the command line, so that it need load only what was asked for. */
export type CreateProgram = (argv: readonly string[], terminal: Terminal) => Promise<Command>;

/** Runs one command line and returns the exit status. It throws nothing: errors go to standard error. */
export async function runProgram(
  create: CreateProgram,
  argv: readonly string[],
  streams: Streams,
): Promise<number> {
  const terminal = createTerminal(streams);
  const json = argv.includes('--json');
  try {
    const program = await create(argv, terminal);
    for (const command of withSubcommands(program)) prepare(command, json, terminal);
    await program.parseAsync([...argv], { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      reportError(error, json, terminal);
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return exitCodes.ok;
    // For people, commander has said it already, with the usage.
    if (json) reportError(new SignpostError('USAGE', withoutPrefix(error.message)), json, terminal);
    return exitCodes.usage;
  }
}

/** Runs the command line of this process, until it ends or is asked to stop, and sets the exit status. */
export async function runProcess(create: CreateProgram): Promise<void> {
  // Half of a short command's time is spent on compiling it.
  const cache = compileCacheFolder();
  if (cache !== undefined) nodeModule.enableCompileCache(cache);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const output = watchOutput(process, () => stop.abort());
  const status = await runProgram(create, process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
  });
  process.exitCode = output.isLost() ? exitCodes.failed : status;
}

function prepare(command: Command, json: boolean, terminal: Terminal): void {
  command
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => json || terminal.stderr.write(text),
      outputError: (text, write) => write(withoutPrefix(text, 'signpost: ')),
    })
    .showHelpAfterError(`See "${nameOf(command)} --help".`);
}

function withSubcommands(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** Such as `signpost mirror add`. */
function nameOf(command: Command): string {
  return command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`;
}

/** What commander says, without its own beginning. */
function withoutPrefix(text: string, instead = ''): string {
  return text.replace(/^error: /, instead);
}

function reportError(error: unknown, json: boolean, terminal: Terminal): void {
  const code = isSignpostError(error) ? error.code : 'INTERNAL';
  const message = error instanceof Error ? error.message : String(error);
  if (json) {
    terminal.stderr.write(`${JSON.stringify({ error: { code, message } })}\n`);
    return;
  }
  terminal.stderr.write(`signpost: ${message}\n`);
  // An unexpected error is a defect: its stack is what a report needs.
  if (code === 'INTERNAL' && error instanceof Error) terminal.stderr.write(`${error.stack ?? ''}\n`);
}

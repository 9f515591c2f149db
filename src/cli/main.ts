#!/usr/bin/env node
import './old-node.ts';
import nodeModule from 'node:module';
import { Command, CommanderError } from 'commander';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import type { CreateCommand, Streams, Terminal } from './terminal/command.ts';
import { compileCacheFolder } from './terminal/compile-cache-folder.ts';
import { watchOutput } from './terminal/output.ts';
import { exitCodeOf, exitCodes } from './terminal/exit-codes.ts';
import { createTerminal } from './terminal/terminal.ts';
import { version } from './terminal/version.ts';

/** The verbs. Each is loaded only when it is asked for, so that `serve` never loads what signs. */
export const verbs: Readonly<
  Record<string, { summary: string; load: () => Promise<{ createCommand: CreateCommand }> }>
> = {
  config: { summary: 'Check the configuration', load: () => import('./checks/config.ts') },
  publish: {
    summary: 'Copy an image into the staging area, checking every byte',
    load: () => import('./origin/publish.ts'),
  },
  staged: { summary: 'Show or discard what waits for a signature', load: () => import('./origin/staged.ts') },
  scrub: {
    summary: 'Check that everything stored is what it says it is',
    load: () => import('./origin/scrub.ts'),
  },
  recover: {
    summary: 'Go on after an older copy of the database was put back',
    load: () => import('./origin/recover.ts'),
  },
  request: {
    summary: 'Write what waits for a signature into one file',
    load: () => import('./origin/request.ts'),
  },
  sign: {
    summary: 'Sign a signing request, on a machine of its own',
    load: () => import('./signer/sign.ts'),
  },
  signer: {
    summary: 'Sign unattended what a written policy allows',
    load: () => import('./signer/signer.ts'),
  },
  accept: {
    summary: 'Verify a signature bundle and publish what it signs',
    load: () => import('./origin/accept.ts'),
  },
  renew: {
    summary: 'Stage published tags again for new signatures',
    load: () => import('./origin/renew.ts'),
  },
  tuf: {
    summary: 'Keep the root of TUF metadata, and renew its timestamp',
    load: () => import('./signer/tuf.ts'),
  },
  notary: { summary: 'Keep the root of Notary v1 metadata', load: () => import('./signer/notary.ts') },
  verify: {
    summary: 'Verify an image in a registry, from its name to its bytes',
    load: () => import('./client/verify.ts'),
  },
  status: { summary: 'Show how long signatures remain valid', load: () => import('./origin/status.ts') },
  trust: {
    summary: 'Hand on what clients need to verify signatures',
    load: () => import('./client/trust.ts'),
  },
  serve: {
    summary: 'Answer pulls, and send each blob request to a good mirror',
    load: () => import('./server/serve.ts'),
  },
  snapshot: {
    summary: 'Seal what front ends on other machines follow',
    load: () => import('./server/snapshot.ts'),
  },
  sync: { summary: 'Fill a mirror over HTTPS', load: () => import('./mirror/sync.ts') },
  mirror: { summary: 'Keep the list of mirrors', load: () => import('./server/mirror.ts') },
  crawl: { summary: 'Visit the mirrors once, and say how each is', load: () => import('./server/crawl.ts') },
  statistics: { summary: 'Show how much was pulled', load: () => import('./server/statistics.ts') },
  propagation: {
    summary: 'Show how publications spread over the mirrors',
    load: () => import('./server/propagation.ts'),
  },
  report: {
    summary: 'Tell a Mirror List that a mirror has synced',
    load: () => import('./mirror/report.ts'),
  },
  token: { summary: 'Keep the tokens of the management API', load: () => import('./server/token.ts') },
  audit: { summary: 'Show who changed what', load: () => import('./server/audit.ts') },
  explain: {
    summary: 'Show where a client is sent for a blob, and why',
    load: () => import('./server/explain.ts'),
  },
  demo: { summary: 'Build a whole network on loopback to try', load: () => import('./demo/demo.ts') },
};

/** Runs one command line and returns the exit status. */
export async function run(argv: readonly string[], streams: Streams): Promise<number> {
  const terminal = createTerminal(streams);
  const json = argv.includes('--json');
  try {
    const program = await createProgram(argv[0], json, terminal);
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

async function createProgram(verb: string | undefined, json: boolean, terminal: Terminal): Promise<Command> {
  const program = new Command('signpost')
    .description('Gives signed container images away through untrusted mirrors, to stock clients.')
    .version(version)
    .addHelpText('after', '\nRun "signpost <command> --help" for its options and examples.');
  const asked = verb === undefined ? undefined : Object.entries(verbs).find(([name]) => name === verb);
  if (asked === undefined) {
    for (const [name, { summary }] of Object.entries(verbs)) program.command(name).description(summary);
  } else {
    program.addCommand((await asked[1].load()).createCommand(terminal));
  }
  for (const command of withSubcommands(program)) {
    command
      .exitOverride()
      .configureOutput({
        writeOut: (text) => terminal.stdout.write(text),
        writeErr: (text) => json || terminal.stderr.write(text),
        outputError: (text, write) => write(withoutPrefix(text, 'signpost: ')),
      })
      .showHelpAfterError(`See "${nameOf(command)} --help".`);
  }
  return program;
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

if (import.meta.main) {
  // Half of a short command's time is spent on compiling it.
  const cache = compileCacheFolder();
  if (cache !== undefined) nodeModule.enableCompileCache(cache);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stop.abort());
  const output = watchOutput(process, () => stop.abort());
  const status = await run(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    signal: stop.signal,
  });
  process.exitCode = output.isLost() ? exitCodes.failed : status;
}

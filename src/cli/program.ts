import { Command } from 'commander';
import type { CreateCommand, Streams, Terminal } from './terminal/command.ts';
import { runProcess, runProgram } from './terminal/run-program.ts';
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
  staged: {
    summary: 'Show or discard the images that wait for a signature',
    load: () => import('./origin/staged.ts'),
  },
  scrub: { summary: 'Check every stored file against its digest', load: () => import('./origin/scrub.ts') },
  recover: {
    summary: 'Recover after a restore from an older backup',
    load: () => import('./origin/recover.ts'),
  },
  request: {
    summary: 'Write a signing request for everything that is staged',
    load: () => import('./origin/request.ts'),
  },
  sign: { summary: 'Sign a signing request, on an isolated machine', load: () => import('./signer/sign.ts') },
  signer: {
    summary: 'Sign requests unattended, as a policy allows',
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
    summary: 'Manage the root of TUF metadata, and renew its timestamp',
    load: () => import('./signer/tuf.ts'),
  },
  notary: { summary: 'Make the root of Notary v1 metadata', load: () => import('./signer/notary.ts') },
  verify: {
    summary: 'Verify an image in a registry, from its name to its bytes',
    load: () => import('./client/verify.ts'),
  },
  status: { summary: 'Show how long signatures remain valid', load: () => import('./origin/status.ts') },
  trust: {
    summary: 'Export what clients need to verify signatures',
    load: () => import('./client/trust.ts'),
  },
  serve: {
    summary: 'Serve pulls, and redirect blob requests to mirrors',
    load: () => import('./server/serve.ts'),
  },
  snapshot: {
    summary: 'Write and seal the snapshot that front ends follow',
    load: () => import('./server/snapshot.ts'),
  },
  sync: { summary: 'Fill a mirror over HTTPS', load: () => import('./mirror/sync.ts') },
  mirror: { summary: 'Manage the mirrors', load: () => import('./server/mirror.ts') },
  crawl: { summary: 'Probe the mirrors once, and show how each is', load: () => import('./server/crawl.ts') },
  statistics: { summary: 'Show how much was pulled', load: () => import('./server/statistics.ts') },
  propagation: {
    summary: 'Show how publications spread over the mirrors',
    load: () => import('./server/propagation.ts'),
  },
  report: {
    summary: 'Tell a Mirror List that a mirror has synced',
    load: () => import('./mirror/report.ts'),
  },
  token: { summary: 'Manage the tokens of the management API', load: () => import('./server/token.ts') },
  audit: { summary: 'Show who changed what', load: () => import('./server/audit.ts') },
  explain: {
    summary: 'Show which mirror a client is sent to, and why',
    load: () => import('./server/explain.ts'),
  },
};

/** Runs one command line and returns the exit status. */
export function run(argv: readonly string[], streams: Streams): Promise<number> {
  return runProgram(createProgram, argv, streams);
}

async function createProgram([verb = '']: readonly string[], terminal: Terminal): Promise<Command> {
  const program = new Command('signpost')
    .description('Gives signed container images away through untrusted mirrors, to stock clients.')
    .version(version)
    .addHelpText('after', '\nRun "signpost <command> --help" for its options and examples.');
  const asked = Object.entries(verbs).find(([name]) => name === verb);
  if (asked !== undefined) return program.addCommand((await asked[1].load()).createCommand(terminal));
  for (const [name, { summary }] of Object.entries(verbs)) program.command(name).description(summary);
  return program;
}

/** Runs the command line of this process. */
export function main(): Promise<void> {
  return runProcess(createProgram);
}

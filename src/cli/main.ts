#!/usr/bin/env node
import './old-node.ts';
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

if (import.meta.main) await runProcess(createProgram);

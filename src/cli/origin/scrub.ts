import type { Command } from 'commander';
import { SignpostError } from '../../oci/errors.ts';
import type { Finding, ScrubReport } from '../../origin/scrub/scrub-report.ts';
import { findUnknown, moveOn } from '../../origin/recover/move-on.ts';
import { planRecovery } from '../../origin/recover/plan-recovery.ts';
import { createFileContentInspector } from '../../adapters/tree/file-content-inspector.ts';
import { type ScrubOptions, scrubContent } from '../../origin/scrub/scrub-content.ts';
import type { Progress } from '../../ports/progress.ts';
import { formatBytes } from '../../text/quantity.ts';
import { type CommonOptions, type Terminal, createVerb, printResult } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import { composeProgress } from '../terminal/progress.ts';
import { parseParallel } from '../terminal/parallel-option.ts';
import { plural } from '../terminal/plural.ts';
import { type Content, composeContent } from '../records/content.ts';
import type { StorageConfig } from '../records/postgres-storage.ts';

interface Options extends CommonOptions {
  readonly repair?: boolean;
  readonly parallel: number;
}

/** `signpost scrub`: checks that everything stored is what it says it is. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'scrub',
    'Hash every stored file again, follow every tag down to its blobs, and compare publication.json with the database. ' +
      'Any problem makes the exit status non-zero. Without --repair this is safe to run at any time.',
    ['signpost scrub', 'signpost scrub --repair --json'],
  )
    .option(
      '--repair',
      'remove what interrupted commands have left behind. No other command may run at the same time',
    )
    .option('--parallel <count>', 'how many files are hashed at the same time', parseParallel, 2)
    .action(async (options: Options) => {
      const report = await scrub(terminal, options);
      printResult(terminal, options, { event: 'result', ...report }, describe(report));
      const { problems } = report.counts;
      if (problems > 0) {
        throw new SignpostError('STORAGE', `${problems} ${problems === 1 ? 'problem' : 'problems'} found`);
      }
    });
}

async function scrub(terminal: Terminal, options: Options): Promise<ScrubReport> {
  using progress = composeProgress(terminal, options.json === true);
  return await composeScrub(loadConfig(options), {
    repair: options.repair === true,
    parallel: options.parallel,
    signal: terminal.signal,
    progress,
  });
}

function describe({ files, bytes, problems, notices, repaired, counts }: ScrubReport): readonly string[] {
  return [
    ...problems.map(line('PROBLEM ')),
    ...notices.map(line('notice  ')),
    ...repaired.map(line('repaired')),
    `${plural(files, 'file')}, ${formatBytes(bytes)} hashed: ${plural(counts.problems, 'problem')}, ${plural(counts.notices, 'notice')}, ` +
      `${counts.repaired} repaired`,
  ];
}

function line(kind: string): (finding: Finding) => string {
  return ({ where, what }) => `${kind}  ${where}: ${what}`;
}

/** Scrubs the data folder of `config`. */
export async function composeScrub(
  config: StorageConfig,
  options: ScrubOptions & { readonly progress: Progress },
): Promise<ScrubReport> {
  await using content = await composeContent(config, 'scrub');
  const inspector = createFileContentInspector(content.folders.data);
  return await scrubContent(
    {
      ...content,
      inspector,
      content: content.publishedContent,
      progress: options.progress,
      moveOn: () => moveOnFromTree(content),
    },
    options,
  );
}

/** Goes on from what the tree alone knows. */
async function moveOnFromTree(content: Content) {
  const [given, { serial: tree }] = [await content.serials.given(), await content.listed.read()];
  const { past = given } = planRecovery({
    given,
    tree,
    mirrors: [],
    signer: undefined,
    operator: { publication: 0, request: 0 },
  });
  const forgotten = await findUnknown(content);
  return { serial: past.publication, missing: await moveOn(content, past), forgotten };
}

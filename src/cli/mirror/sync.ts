import { Command } from 'commander';
import { formatBytes } from '../../text/quantity.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { SyncReport } from '../../mirror/sync-report.ts';
import { type SyncSpace, hasRoom } from '../../mirror/sync-space.ts';
import { type RepositoryChoice, selectRepositories } from '../../mirror/select-repositories.ts';
import { collect } from '../terminal/collect.ts';
import { type Terminal, printResult } from '../terminal/command.ts';
import { composeProgress } from '../terminal/progress.ts';
import { composeSync } from './compose-sync.ts';
import { parseDuration } from '../terminal/duration.ts';
import { parseParallel } from '../terminal/parallel-option.ts';
import { type ProxyOption, noProxyOption } from '../terminal/proxy-option.ts';
import { plural } from '../terminal/plural.ts';

interface Options extends ProxyOption {
  readonly from: string;
  readonly alsoFrom?: readonly string[];
  readonly repository?: readonly string[];
  readonly bandwidth?: number;
  readonly parallel: number;
  readonly deleteAfter: string;
  readonly timeout: string;
  readonly allowAddress?: readonly string[];
  readonly ca?: readonly string[];
  readonly verify?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

const examples = [
  'signpost sync --from https://images.example.org /srv/signpost-mirror',
  'signpost sync --from https://images.example.org/tree --also-from https://mirror.example.net --repository "fedora/*" --bandwidth 20M /srv/signpost-mirror',
];

/** `signpost sync`: fills a mirror over HTTPS. */
export function createCommand(terminal: Terminal): Command {
  return new Command('sync')
    .description(
      "Bring a mirror's copy of the tree up to date over HTTPS. Only new files are fetched, every byte is checked against its " +
        'digest, and publication.json is written last. The command can be stopped at any moment and run again.',
    )
    .argument('<folder>', "folder of the mirror's copy")
    .requiredOption(
      '--from <url>',
      "URL of the Mirror List, or of the origin's tree, whose publication is copied",
    )
    .option('--also-from <url>', 'URL of a mirror to fetch content from as well; may be repeated', collect)
    .option(
      '--repository <name>',
      'only this repository, or those of a pattern such as "fedora/*"; may be repeated',
      collect,
    )
    .option(
      '--bandwidth <bytes>',
      'maximum rate in bytes per second, such as 500K, 20M or 1G',
      parseBandwidth,
    )
    .option('--parallel <count>', 'how many files are fetched at the same time', parseParallel, 8)
    .option('--delete-after <time>', 'keep unpublished files this long before deleting them', '1d')
    .option('--timeout <time>', 'give up on a source that sends nothing for this long', '30s')
    .option(
      '--allow-address <block>',
      'CIDR block of loopback, private or link-local addresses that sources may redirect to; may be repeated',
      collect,
    )
    .addOption(noProxyOption())
    .option(
      '--ca <file>',
      'PEM file with certificate authorities to trust in addition to those of the system; may be repeated',
      collect,
    )
    .option('--verify', 'hash the files in the folder again, and fetch damaged ones anew')
    .option(
      '--dry-run',
      'only show which files are missing and whether they fit on the disk. Nothing but contents lists is fetched',
    )
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ ${example}`).join('\n')}`)
    .action(async (folder: string, options: Options) => {
      const choice = selectRepositories(options.repository ?? []);
      const report = await sync(terminal, folder, options, choice.carries);
      const unmatched = choice.unmatched();
      const json = { event: 'result', dryRun: options.dryRun === true, ...report, unmatched };
      printResult(terminal, options, json, [
        ...unmatched.map((wanted) => `warning: nothing is published that is --repository ${wanted}`),
        ...describe(report, options.dryRun === true),
      ]);
    });
}

async function sync(
  terminal: Terminal,
  folder: string,
  options: Options,
  carries: RepositoryChoice['carries'],
): Promise<SyncReport> {
  using progress = composeProgress(terminal, options.json === true);
  return await composeSync(
    {
      folder,
      from: options.from,
      alsoFrom: options.alsoFrom ?? [],
      allowAddresses: options.allowAddress ?? [],
      certificateAuthorities: options.ca ?? [],
      timeout: parseDuration(options.timeout, '--timeout'),
      carries,
      parallel: options.parallel,
      bandwidth: options.bandwidth,
      grace: parseDuration(options.deleteAfter, '--delete-after'),
      dryRun: options.dryRun === true,
      thorough: options.verify === true,
      proxy: options.proxy !== false,
      signal: terminal.signal,
    },
    progress,
  );
}

function describe(report: SyncReport, dryRun: boolean): readonly string[] {
  const { serial, missing, missingBytes, space, fetched, linked, bytes, removed, sources } = report;
  const left = sources.flatMap(({ url, left: reason }) =>
    reason === undefined ? [] : [`left ${url}: ${reason}`],
  );
  if (dryRun) {
    return [
      ...left,
      `serial ${serial}: ${plural(missing, 'file')} missing here (${formatBytes(missingBytes)})`,
      ...describeSpace(space),
    ];
  }
  return [
    ...left,
    `at serial ${serial}: ${plural(fetched, 'file')} fetched (${formatBytes(bytes)}), ${linked} linked, ${removed} removed`,
  ];
}

function describeSpace(space: SyncSpace): readonly string[] {
  if (space.free === undefined) return [];
  const figures = `they take at least ${formatBytes(space.needed)}, and ${formatBytes(space.free)} are free`;
  return [hasRoom(space) ? figures : `${figures}: there is no room for them`];
}

const units: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** @throws SignpostError USAGE */
function parseBandwidth(text: string): number {
  const [, amount, unit = ''] = /^([1-9]\d{0,8})([KMG]?)$/.exec(text) ?? [];
  const rate = Number(amount) * (units[unit] ?? Number.NaN);
  if (rate > 0) return rate;
  throw new SignpostError(
    'USAGE',
    `--bandwidth is ${JSON.stringify(text.slice(0, 80))}: expected bytes a second such as 500K, 20M or 1G`,
  );
}

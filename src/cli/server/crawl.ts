import { type Command, InvalidArgumentError } from 'commander';
import type { CrawledMirror } from '../../server/probe/crawl-once.ts';
import { formatBytes } from '../../text/quantity.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type CommonOptions, createVerb, printResult, type Terminal } from '../terminal/command.ts';
import { loadConfig } from '../config/config.ts';
import { composeCrawl } from './compose-crawl.ts';
import { describeCertificate, describeHealth, describeStatus, statusToJson } from './describe-mirror.ts';
import { plural } from '../terminal/plural.ts';
import { formatTable } from '../../text/format-table.ts';

interface Options extends CommonOptions {
  readonly full?: boolean;
  readonly parallel: number;
}

/** Mirrors between two words about how far it is. */
const progressStep = 100;

/** `signpost crawl`: visits mirrors once, and says how each of them is. */
export function createCommand(terminal: Terminal): Command {
  return createVerb(
    'crawl',
    'Probe mirrors once: read publication.json of each, compare a part of a blob with the bytes at the origin, and try every ' +
      'URL over IPv4 and IPv6. If any mirror is out, the exit status is non-zero. A running server probes mirrors without this ' +
      'command. When this command and the server disagree about a mirror, the server probes that mirror again at once.',
    ['signpost crawl', 'signpost crawl uni-example --full', 'signpost crawl --json'],
  )
    .argument('[mirror...]', 'mirrors to probe (default: all that are enabled)')
    .option('--full', 'compare several parts of several blobs, and download one whole blob')
    .option('--parallel <count>', 'how many mirrors are probed at the same time', parseMirrors, 64)
    .action(async (names: readonly string[], options: Options) => {
      const config = loadConfig(options);
      let done = 0;
      const { mirrors, saved, told } = await composeCrawl(config, names, {
        full: options.full === true,
        parallel: options.parallel,
        signal: terminal.signal,
        onCrawled: () => {
          done += 1;
          if (done % progressStep === 0 && options.json !== true) {
            terminal.stderr.write(`${plural(done, 'mirror')} probed\n`);
          }
        },
      });
      const out = mirrors.filter(({ state }) => !state.healthy).length;
      printResult(
        terminal,
        options,
        { mirrors: mirrors.map(toJson), out, saved, told },
        describe(mirrors, out, saved ? undefined : told),
      );
      if (terminal.signal.aborted)
        throw new SignpostError('CANCELLED', 'stopped before all mirrors were probed');
      if (out > 0)
        throw new SignpostError('UNAVAILABLE', `${plural(mirrors.length, 'mirror')} probed, ${out} out`);
    });
}

function parseMirrors(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 256) return count;
  throw new InvalidArgumentError('expected a number from 1 to 256.');
}

function toJson({ mirror, state, requests, bytes, onItsWord }: CrawledMirror) {
  return { ...statusToJson(mirror, state), requests, bytes, onItsWord };
}

/** One that clients are not sent to is visited all the same where it is named: so that it can be approved. */
function describeOrder(mirror: CrawledMirror['mirror']): string {
  return mirror.enabled && mirror.approved ? '' : ` (${describeStatus(mirror, undefined)})`;
}

/** `told` is how many mirrors a running server has been told of; undefined where none is running. */
function describe(
  mirrors: readonly CrawledMirror[],
  out: number,
  told: number | undefined,
): readonly string[] {
  if (mirrors.length === 0) return ['There are no mirrors to probe.'];
  const over = (reachable: boolean | undefined) => (reachable === undefined ? '?' : reachable ? 'yes' : 'no');
  const table = formatTable([
    ['NAME', 'IPV4', 'IPV6', 'TIME', 'CERTIFICATE', 'READ', 'STATUS'],
    ...mirrors.map(({ mirror, state, requests, bytes, onItsWord }) => [
      mirror.name,
      over(state.ipv4),
      over(state.ipv6),
      state.responseTime === undefined ? '-' : `${state.responseTime} ms`,
      describeCertificate(state) ?? '-',
      `${plural(requests, 'request')}, ${formatBytes(bytes)}`,
      `${describeHealth(state)}${onItsWord ? ' (on its word)' : ''}${describeOrder(mirror)}`,
    ]),
  ]);
  const warnings = mirrors.flatMap(({ mirror, state }) => [
    ...(state.warning === undefined ? [] : [`Warning: ${mirror.name}: ${state.warning}`]),
    ...(state.healthy ? (state.urls ?? []) : []).flatMap(({ url, reason }) =>
      reason === undefined ? [] : [`Warning: ${mirror.name}: ${url}: ${reason}`],
    ),
  ]);
  return [
    ...table,
    ...warnings,
    `${plural(mirrors.length, 'mirror')} probed, ${out} out${describeTold(told)}`,
  ];
}

function describeTold(told: number | undefined): string {
  if (told === undefined) return '';
  if (told === 0) return '; the running server agrees';
  return `; the running server was told of ${plural(told, 'mirror')} and probes at once`;
}

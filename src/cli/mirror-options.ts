import type { Command } from 'commander';
import type { MirrorInput } from '../mirrors/parse-mirror.ts';

/** What `mirror add` and `mirror edit` have in common. `false` comes from the options that begin with `--no-`. */
export interface MirrorOptions {
  readonly name?: string;
  readonly url?: string;
  readonly country?: string;
  readonly coordinates?: string | false;
  readonly asn?: readonly string[] | false;
  readonly netblock?: readonly string[] | false;
  readonly weight?: string;
  readonly private?: boolean;
  readonly repository?: readonly string[] | false;
  readonly onlyCountry?: readonly string[] | false;
}

/** The options of a mirror's properties. Lists are given by repeating an option, or with commas. */
export function addMirrorOptions(command: Command): Command {
  return command
    .option('--coordinates <lat,lon>', 'where it is, in degrees; otherwise the middle of its country counts')
    .option(
      '--asn <number>',
      'an autonomous system whose clients are sent here first; may be repeated',
      collect,
    )
    .option(
      '--netblock <netblock>',
      'addresses whose clients are sent here before all; may be repeated',
      collect,
    )
    .option(
      '--weight <number>',
      'its share against others, in Mbit/s by habit: 1 to 1000000 (default for a new mirror: 100)',
    )
    .option('--private', 'serves its own netblocks only')
    .option('--repository <pattern>', 'carries these only: a name or "prefix/*"; may be repeated', collect)
    .option('--only-country <code>', 'serves clients in these countries only; may be repeated', collect);
}

/** The options that take away what the others give. */
export function addRemovingOptions(command: Command): Command {
  return command
    .option('--no-coordinates', 'count the middle of its country again')
    .option('--no-asn', 'no autonomous systems')
    .option('--no-netblock', 'no netblocks')
    .option('--no-private', 'serves everybody')
    .option('--no-repository', 'carries everything')
    .option('--no-only-country', 'serves clients of every country');
}

/** Just what is named on the command line. */
export function changesOf(options: MirrorOptions): Partial<MirrorInput> {
  const { name, url, country, coordinates, weight } = options;
  const named: Record<keyof MirrorInput, unknown> = {
    name,
    url,
    country,
    coordinates: coordinates === false ? '' : coordinates,
    asns: listOf(options.asn),
    netblocks: listOf(options.netblock),
    weight,
    private: options.private,
    repositories: listOf(options.repository),
    onlyCountries: listOf(options.onlyCountry),
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function listOf(value: readonly string[] | false | undefined): readonly string[] | undefined {
  return value === false ? [] : value;
}

function collect(value: string, before: unknown): readonly string[] {
  return [
    ...(Array.isArray(before) ? (before as string[]) : []),
    ...value.split(',').map((item) => item.trim()),
  ];
}

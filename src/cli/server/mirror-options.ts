import type { Command } from 'commander';
import type { MirrorInput } from '../../mirrors/parse-mirror.ts';

/** What `mirror add` and `mirror edit` have in common. `false` comes from the options that begin with `--no-`. */
export interface MirrorOptions {
  readonly name?: string;
  readonly url?: readonly string[];
  readonly site?: string | false;
  readonly kind?: string;
  readonly country?: string;
  readonly coordinates?: string | false;
  readonly asn?: readonly string[] | false;
  readonly netblock?: readonly string[] | false;
  readonly weight?: string;
  readonly repository?: readonly string[] | false;
  readonly onlyCountry?: readonly string[] | false;
  readonly exceptCountry?: readonly string[] | false;
  readonly contact?: string | false;
  readonly webhook?: string | false;
  readonly shareNetblocks?: boolean;
}

/** The options of a mirror's properties. Lists are given by repeating an option, or with commas. */
export function addMirrorOptions(command: Command): Command {
  return command
    .option('--kind <kind>', 'public, private (its own netblocks only) or always-current (a CDN, a bucket)')
    .option('--site <name>', 'who runs it, for the public list: "University of Example"')
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
      'its share of the clients relative to other mirrors, usually its bandwidth in Mbit/s: 1 to 1000000 (default for a new mirror: 100)',
    )
    .option('--repository <pattern>', 'carries these only: a name or "prefix/*"; may be repeated', collect)
    .option('--only-country <code>', 'serves clients in these countries only; may be repeated', collect)
    .option('--except-country <code>', 'serves no clients in these countries; may be repeated', collect)
    .option('--contact <address>', 'whom to ask about it, for operators only: an e-mail address or a URL')
    .option('--webhook <url>', 'told when the mirror goes out or comes back')
    .option('--share-netblocks', 'its netblocks may overlap those of other mirrors');
}

/** The options that take away what the others give. */
export function addRemovingOptions(command: Command): Command {
  return command
    .option('--no-site', 'name nobody who runs it')
    .option('--no-coordinates', 'count the middle of its country again')
    .option('--no-asn', 'no autonomous systems')
    .option('--no-netblock', 'no netblocks')
    .option('--no-repository', 'carries everything')
    .option('--no-only-country', 'serves clients of every country that is not excepted')
    .option('--no-except-country', 'excepts no country')
    .option('--no-contact', 'nobody to ask')
    .option('--no-webhook', 'tells nobody');
}

/** Just what is named on the command line. */
export function changesOf(options: MirrorOptions): Partial<MirrorInput> {
  const { name, kind, country, weight } = options;
  const named: Record<keyof MirrorInput, unknown> = {
    name,
    urls: options.url,
    site: textOf(options.site),
    kind,
    country,
    coordinates: textOf(options.coordinates),
    asns: listOf(options.asn),
    netblocks: listOf(options.netblock),
    weight,
    repositories: listOf(options.repository),
    onlyCountries: listOf(options.onlyCountry),
    exceptCountries: listOf(options.exceptCountry),
    contact: textOf(options.contact),
    webhook: textOf(options.webhook),
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function textOf(value: string | false | undefined): string | undefined {
  return value === false ? '' : value;
}

function listOf(value: readonly string[] | false | undefined): readonly string[] | undefined {
  return value === false ? [] : value;
}

/** For an option that may be repeated, whose values may hold commas. */
export function collectWhole(value: string, before: unknown): readonly string[] {
  return [...(Array.isArray(before) ? (before as string[]) : []), value];
}

function collect(value: string, before: unknown): readonly string[] {
  return [
    ...(Array.isArray(before) ? (before as string[]) : []),
    ...value.split(',').map((item) => item.trim()),
  ];
}

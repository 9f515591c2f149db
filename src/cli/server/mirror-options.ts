import type { Command } from 'commander';
import { collectItems } from '../terminal/collect.ts';
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
    .option(
      '--kind <kind>',
      'public, private (only for clients in its CIDR blocks) or always-current (a CDN, a bucket)',
    )
    .option('--site <name>', 'who runs it, as the public page of mirrors shows: "University of Example"')
    .option('--coordinates <lat,lon>', 'its position in degrees (default: the middle of its country)')
    .option(
      '--asn <number>',
      'autonomous system whose clients prefer this mirror; may be repeated',
      collectItems,
    )
    .option(
      '--netblock <block>',
      'CIDR block whose clients prefer this mirror, even before those of --asn; may be repeated',
      collectItems,
    )
    .option(
      '--weight <number>',
      'its share of the clients, relative to other mirrors: 1 to 1000000, usually the bandwidth in Mbit/s (default for a new mirror: 100)',
    )
    .option(
      '--repository <pattern>',
      'the mirror carries only this repository, or those of "prefix/*"; may be repeated',
      collectItems,
    )
    .option(
      '--only-country <code>',
      'the mirror serves only clients in this country; may be repeated',
      collectItems,
    )
    .option(
      '--except-country <code>',
      'the mirror serves no clients in this country; may be repeated',
      collectItems,
    )
    .option('--contact <address>', 'e-mail address or URL of its administrator, shown only to operators')
    .option('--webhook <url>', 'webhook to call when the mirror goes out or comes back')
    .option('--share-netblocks', 'allow its CIDR blocks to overlap those of other mirrors');
}

/** The options that take away what the others give. */
export function addRemovingOptions(command: Command): Command {
  return command
    .option('--no-site', 'remove the name of who runs it')
    .option('--no-coordinates', 'use the middle of its country as its position')
    .option('--no-asn', 'remove all autonomous systems')
    .option('--no-netblock', 'remove all CIDR blocks')
    .option('--no-repository', 'the mirror carries all repositories')
    .option('--no-only-country', 'the mirror serves clients in all countries, but for --except-country')
    .option('--no-except-country', 'remove all excepted countries')
    .option('--no-contact', 'remove the contact')
    .option('--no-webhook', 'remove the webhook');
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

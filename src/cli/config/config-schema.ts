import { z } from 'zod';
import { envelopeLimit } from '../../trust/envelope-limit.ts';
import { notary, tuf } from './metadata-settings.ts';
import { mirrors, places } from './mirror-settings.ts';
import { repository } from './repository-settings.ts';
import { describeWrongRegistryName } from './registry-name.ts';
import {
  checked,
  duration,
  interval,
  listener,
  netblock,
  port,
  size,
  text,
  trustedNetblock,
  validity,
} from './setting-values.ts';

/**
 * Every setting of the configuration file. docs/configuration.md is generated from the descriptions here, and a test
 * keeps the two the same. Sizes are in bytes and times in milliseconds once parsed; in the file they carry a unit.
 */

const registry = z.strictObject({
  name: checked(255, describeWrongRegistryName)
    .default('localhost:5000')
    .describe(
      'Host name (and port) under which clients pull: it goes into every signature, and into the URLs that lead here.',
    ),
  listen: z
    .array(listener)
    .min(1)
    .max(16)
    .default([{ address: '127.0.0.1', port: 5000 }])
    .describe('Addresses to listen on.'),
  trustedProxies: z
    .array(trustedNetblock())
    .max(64)
    .default([])
    .describe('Netblocks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed.'),
  inlineSize: size('32KiB')
    .refine((bytes) => bytes >= envelopeLimit, {
      error: 'expected at least "16KiB": signatures are of that size and less, and never come from mirrors',
    })
    .describe('Blobs of this size and smaller are served in place, not redirected. At least "16KiB".'),
  listArtifactTags: z
    .boolean()
    .default(false)
    .describe(
      'Whether lists of tags name those that carry signatures ("sha256-<hex>.sig"), for tools that copy repositories by their tags. With "?all" anybody gets them.',
    ),
  alternatives: z.int().min(0).max(16).default(4).describe('How many further mirrors the Link headers name.'),
  shutdownGrace: duration('10s').describe('How long requests under way may take after a signal to stop.'),
  originStreams: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe('How many blobs the origin itself sends at once before it answers 503.'),
});

const origin = z.strictObject({
  url: text()
    .refine((url) => /^https?:\/\/[^\s?#]+$/.test(url) && URL.canParse(url), {
      error: 'expected an http or https URL, without "?" and "#"',
    })
    .describe('Where the origin offers its snapshot, such as "https://admin.images.example.org/front-ends".'),
  key: text().describe('PEM file with the public key that the origin seals its snapshot with.'),
  tokenFile: text().optional().describe('File whose first line is the token that the origin gave out.'),
  interval: interval('5s').describe('How often to look for something new.'),
  timeout: interval('10s').describe('How long the origin may take to answer, or stand still while it does.'),
  certificateAuthorities: z
    .array(text())
    .max(16)
    .default([])
    .describe('PEM files with certificate authorities trusted for the origin, beside the usual ones.'),
});

const metrics = z.strictObject({
  listen: z
    .array(listener.extend({ port: port.default(9470).describe('Port to listen on; 0 takes a free one.') }))
    .max(16)
    .default([])
    .describe(
      'Addresses on which metrics for Prometheus are answered at /metrics (docs/monitoring.md). Nothing else is answered there, and there is no password: let no stranger reach it. None: no metrics.',
    ),
});

const statistics = z.strictObject({
  keep: validity('400d').describe('How long the days of "signpost statistics" are kept.'),
});

const admin = z.strictObject({
  listen: z
    .array(listener.extend({ port: port.default(5443).describe('Port to listen on; 0 takes a free one.') }))
    .max(16)
    .default([])
    .describe(
      'Addresses on which the management API answers (docs/managing.md). Without "tls" only loopback addresses are taken: tokens must not cross a network in the open. None: no management API.',
    ),
  requestsPerMinute: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(600)
    .describe(
      'How many requests each token, and each address, may make in a minute. A wrong token counts as ten more.',
    ),
});

const webhooks = z.strictObject({
  hooks: z
    .array(
      z.strictObject({
        url: text().describe('Where to POST: http or https.'),
        secretFile: text().describe(
          'File whose first line is the secret of the signature (docs/managing.md): 16 characters or more.',
        ),
      }),
    )
    .max(16)
    .default([])
    .describe('Whom to tell when a mirror goes out or comes back.'),
  contactSecretFile: text()
    .optional()
    .describe(
      "File whose first line is a secret of which the secret of each mirror's own webhook is made. Without it mirrors' own webhooks are not called.",
    ),
  settle: duration('30s').describe('How long a mirror must have been in or out before anybody is told.'),
  quiet: duration('10m').describe('Time between two messages about the same mirror.'),
  allowAddresses: z
    .array(netblock())
    .max(64)
    .default([])
    .describe(
      'Netblocks that webhooks may connect to although they are loopback, private or link-local ones, which are refused otherwise.',
    ),
});

const log = z.strictObject({
  level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least level that is logged.'),
});

const databaseUrl = text()
  .refine(isPostgresUrl, {
    error:
      'expected postgres://user@host/name without a password: put the password into a file, databasePasswordFile; and sslmode is "verify-full" or "disable"',
  })
  .describe(
    'A PostgreSQL database for managers on several machines, such as "postgres://signpost@db.example.org/signpost?sslmode=verify-full" (docs/database.md). Without it the database is a file in the data folder.',
  );

function isPostgresUrl(value: string): boolean {
  try {
    const { protocol, password, searchParams } = new URL(value);
    const [mode = 'disable', ...others] = searchParams.getAll('sslmode');
    // The modes between these two encrypt, but for anybody who comes along. "ssl" is another name of the same, and of
    // several the client takes the last.
    const isKnownMode =
      ['verify-full', 'disable'].includes(mode) && others.length === 0 && !searchParams.has('ssl');
    return (
      /^postgres(?:ql)?:$/.test(protocol) && password === '' && !searchParams.has('password') && isKnownMode
    );
  } catch {
    return false;
  }
}

const publish = z.strictObject({
  layers: z
    .int()
    .min(1)
    .max(10_000)
    .default(512)
    .describe(
      'How many layers an image or an artifact may have. Container runtimes take no more than 127; models have more.',
    ),
});

const defaults = <T extends z.ZodType>(schema: T) => schema.prefault({} as z.input<T>);

export const configSchema = z.strictObject({
  data: text()
    .default('/var/lib/signpost')
    .describe('Folder for the tree, the staging area and the database.'),
  database: databaseUrl.optional(),
  databasePasswordFile: text()
    .optional()
    .describe(
      'File with the password of the database, one line. Without it PGPASSFILE and ~/.pgpass are looked at.',
    ),
  databaseConnections: z
    .int()
    .min(2)
    .max(100)
    .default(5)
    .describe('Connections to PostgreSQL that one process opens at most, besides one for a lock.'),
  registry: defaults(registry).describe('The pull API.'),
  repositories: z
    .array(repository)
    .max(10_000)
    .default([])
    .describe('Which keys sign which repositories. What no rule matches cannot be published.'),
  publish: defaults(publish).describe('What may be published.'),
  signers: z
    .array(text())
    .max(64)
    .default([])
    .describe(
      'PEM files with the public keys that may vouch for a signature bundle as a whole (docs/signing.md). When there are any, no other bundle is taken.',
    ),
  tuf: defaults(tuf).describe('TUF metadata, which tells clients when they are being held back.'),
  notary: defaults(notary).describe('Notary v1 metadata, for notary and docker trust.'),
  mirrors: defaults(mirrors).describe('Probing mirrors and leading clients around failures.'),
  places: defaults(places).describe('Where client addresses are.'),
  admin: defaults(admin).describe('The management API.'),
  webhooks: defaults(webhooks).describe('Telling people when a mirror goes out or comes back.'),
  origin: origin
    .optional()
    .describe(
      'Makes this a front end: it follows that origin (docs/front-ends.md). Without it this is the origin.',
    ),
  metrics: defaults(metrics).describe('Numbers for Prometheus.'),
  statistics: defaults(statistics).describe('Counts of pulls by day (docs/monitoring.md).'),
  log: defaults(log).describe('Logging, as JSON lines on standard error.'),
});

/** The configuration, whole: every setting has a value. */
export type Config = z.output<typeof configSchema>;

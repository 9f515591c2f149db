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
      'Host name (and port) under which clients pull. It is part of every signature, and of the URLs that lead here.',
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
    .describe(
      'CIDR blocks of the reverse proxies whose X-Forwarded-For and X-Forwarded-Proto headers are believed.',
    ),
  inlineSize: size('32KiB')
    .refine((bytes) => bytes >= envelopeLimit, {
      error: 'expected at least "16KiB": signatures are of that size and less, and never come from mirrors',
    })
    .describe(
      'Blobs up to this size are served by the Mirror List itself, not by mirrors. At least "16KiB".',
    ),
  listArtifactTags: z
    .boolean()
    .default(false)
    .describe(
      'Whether listing the tags of a repository includes those that carry signatures ("sha256-<hex>.sig"), for tools that copy a repository tag by tag. A client that asks with "?all" always gets them.',
    ),
  alternatives: z
    .int()
    .min(0)
    .max(16)
    .default(4)
    .describe('How many alternative mirrors the Link headers of a redirect name.'),
  shutdownGrace: duration('10s').describe(
    'How long running requests may take to finish after a signal to stop.',
  ),
  originStreams: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe('How many blobs the origin itself sends at the same time. Beyond that it answers 503.'),
});

const origin = z.strictObject({
  url: text()
    .refine((url) => /^https?:\/\/[^\s?#]+$/.test(url) && URL.canParse(url), {
      error: 'expected an http or https URL, without "?" and "#"',
    })
    .describe('Where the origin offers its snapshot, such as "https://admin.images.example.org/front-ends".'),
  key: text().describe("PEM file with the public key that verifies the seal of the origin's snapshot."),
  tokenFile: text()
    .optional()
    .describe('File whose first line is a token of the role "front-end", made at the origin.'),
  interval: interval('5s').describe('Polling interval.'),
  timeout: interval('10s').describe(
    "How long to wait for the origin's answer, and for each further piece of it.",
  ),
  certificateAuthorities: z
    .array(text())
    .max(16)
    .default([])
    .describe(
      'PEM files with certificate authorities trusted for the origin, in addition to those of the system.',
    ),
});

const metrics = z.strictObject({
  listen: z
    .array(listener.extend({ port: port.default(9470).describe('Port to listen on; 0 takes a free one.') }))
    .max(16)
    .default([])
    .describe(
      'Addresses that serve metrics for Prometheus at /metrics (docs/monitoring.md), and nothing else. They ask for no password: keep them off public networks. Without any address there are no metrics.',
    ),
});

const statistics = z.strictObject({
  retention: validity('400d').describe(
    'Keep the daily counts of "signpost statistics" this long before deleting them.',
  ),
});

const admin = z.strictObject({
  listen: z
    .array(listener.extend({ port: port.default(5443).describe('Port to listen on; 0 takes a free one.') }))
    .max(16)
    .default([])
    .describe(
      'Addresses of the management API (docs/managing.md). Without "tls" an address must be a loopback one, because tokens must not cross a network in clear text. Without any address there is no management API.',
    ),
  requestsPerMinute: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(600)
    .describe(
      'How many requests each token, and each client address, may make in a minute. A request with a wrong token counts as eleven.',
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
    .describe('Webhooks that are called when a mirror goes out or comes back.'),
  masterSecretFile: text()
    .optional()
    .describe(
      "File whose first line is the master secret from which each mirror's webhook secret is derived. Without it mirrors' own webhooks are not called.",
    ),
  settle: duration('30s').describe('How long a mirror must have been in or out before webhooks are called.'),
  quiet: duration('10m').describe('Least time between two messages about the same mirror.'),
  allowAddresses: z
    .array(netblock())
    .max(64)
    .default([])
    .describe(
      'CIDR blocks of loopback, private and link-local addresses that webhooks may connect to. All others of these are refused.',
    ),
});

const log = z.strictObject({
  level: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('The lowest level that is logged.'),
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
      'File whose only line is the password of the database. Without it PGPASSFILE and ~/.pgpass are used.',
    ),
  databaseConnections: z
    .int()
    .min(2)
    .max(100)
    .default(5)
    .describe(
      'How many connections to PostgreSQL one process opens at most, not counting the one that holds a lock.',
    ),
  registry: defaults(registry).describe('The pull API.'),
  repositories: z
    .array(repository)
    .max(10_000)
    .default([])
    .describe(
      'Rules that say which keys sign which repositories. A repository that no rule matches cannot be published to.',
    ),
  publish: defaults(publish).describe('What may be published.'),
  signers: z
    .array(text())
    .max(64)
    .default([])
    .describe(
      'PEM files with the public keys that verify the seal of a signature bundle (docs/signing.md). With any, bundles without such a seal are refused.',
    ),
  tuf: defaults(tuf).describe('TUF metadata, by which clients notice that they are served an old state.'),
  notary: defaults(notary).describe('Notary v1 metadata, for notary and docker trust.'),
  mirrors: defaults(mirrors).describe('How mirrors are probed, and how clients are led around failures.'),
  places: defaults(places).describe('Geolocation of client addresses.'),
  admin: defaults(admin).describe('The management API.'),
  webhooks: defaults(webhooks).describe('Messages when a mirror goes out or comes back.'),
  origin: origin
    .optional()
    .describe(
      'Makes this machine a front end that follows the origin named here (docs/front-ends.md). Without it this machine is the origin.',
    ),
  metrics: defaults(metrics).describe('Metrics for Prometheus.'),
  statistics: defaults(statistics).describe('Counts of pulls by day (docs/monitoring.md).'),
  log: defaults(log).describe('Logging, as JSON lines on standard error.'),
});

/** The configuration, whole: every setting has a value. */
export type Config = z.output<typeof configSchema>;

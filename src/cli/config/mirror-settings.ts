import { z } from 'zod';
import { asn, countryCode, duration, interval, netblock, size, text } from './setting-values.ts';

/** Probing mirrors, and leading clients around failures. */
export const mirrors = z.strictObject({
  allowAddresses: z
    .array(netblock())
    .max(64)
    .default([])
    .describe(
      'CIDR blocks of loopback, private and link-local addresses that probes may connect to. All others of these are refused.',
    ),
  probeTimeout: interval('2s').describe(
    'A mirror that does not answer within this time has failed the probe.',
  ),
  probeInterval: interval('2s').describe(
    'Time between probes of a mirror that clients are being redirected to.',
  ),
  idleProbeInterval: interval('5m').describe(
    'Time between probes of a mirror that no client is redirected to.',
  ),
  recoveryInterval: interval('2s').describe('Time between probes of a mirror that has just failed.'),
  wholeBlobInterval: interval('1d').describe(
    'Time between checks that download a whole blob (of up to 32 MiB) from a mirror.',
  ),
  hourlyRequests: z
    .int()
    .min(60)
    .max(1_000_000)
    .default(4000)
    .describe('How many requests probes make to one mirror in an hour at most.'),
  hourlyBytes: size('1GiB')
    .refine((bytes) => bytes >= 16 * 1024 ** 2, { error: 'expected at least "16MiB"' })
    .describe('How much probes read from one mirror in an hour at most. At least "16MiB".'),
  certificateWarning: duration('14d').describe(
    'Warn of certificates of mirrors that expire sooner than this.',
  ),
  contact: text(200)
    .regex(/^[!-'*-[\]-~]+$/, { error: 'expected a URL or an e-mail address, without spaces and brackets' })
    .optional()
    .describe(
      'URL or e-mail address of the operator. Probes send it in their User-Agent header, so that mirror administrators know whom to ask.',
    ),
  maxShare: z
    .number()
    .min(0.05)
    .max(1)
    .default(1)
    .describe(
      "Maximum share, from 0.05 to 1, of the requests from any country, continent or other group of clients that one mirror gets, whatever its weight. The rest goes to other mirrors, even those further away. Clients in the mirror's own CIDR blocks do not count.",
    ),
  retryWindow: duration('2m').describe(
    'A client that asks for the same blob again within this time is taken to retry, and is sent to another mirror.',
  ),
  proxy: text()
    .regex(/^https?:\/\/[^\s/?#]+\/?$/, { error: 'expected a URL such as "http://proxy.example.org:3128"' })
    .optional()
    .describe(
      "HTTP proxy for connections to addresses that mirror administrators have registered: probes, and mirrors' own webhooks. Without it these connections are direct, whatever HTTPS_PROXY and HTTP_PROXY say.",
    ),
  certificateAuthorities: z
    .array(text())
    .max(16)
    .default([])
    .describe(
      'PEM files with certificate authorities trusted for mirrors, in addition to those of the system.',
    ),
});

/** Geolocation of client addresses. */
export const places = z.strictObject({
  countryDatabase: text()
    .optional()
    .describe(
      'Geolocation database in MaxMind format (.mmdb), of countries or cities. Default: the one that comes with Signpost.',
    ),
  asnDatabase: text().optional().describe('Database in MaxMind format (.mmdb) of autonomous system numbers.'),
  overrides: z
    .array(
      z
        .strictObject({
          netblock: netblock().describe('The CIDR block, such as "192.0.2.0/24".'),
          country: countryCode.optional().describe('The country of these addresses.'),
          asn: asn.optional().describe('The autonomous system of these addresses.'),
        })
        .refine(({ country, asn: system }) => country !== undefined || system !== undefined, {
          error: 'says nothing: give it a country, an asn, or both',
        }),
    )
    .max(100_000)
    .default([])
    .describe(
      'Corrections, which take precedence over the databases. The longest matching CIDR block counts.',
    ),
});

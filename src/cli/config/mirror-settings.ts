import { z } from 'zod';
import { asn, countryCode, duration, interval, netblock, size, text } from './setting-values.ts';

/** Probing mirrors, and leading clients around failures. */
export const mirrors = z.strictObject({
  allowAddresses: z
    .array(netblock())
    .max(64)
    .default([])
    .describe(
      'Netblocks that probes may connect to although they are loopback, private or link-local ones, which are refused otherwise.',
    ),
  probeTimeout: interval('2s').describe('A mirror that does not answer a probe in this time has failed it.'),
  probeInterval: interval('2s').describe('Time between probes of a mirror that clients are being sent to.'),
  idleProbeInterval: interval('5m').describe('Time between probes of a mirror that nobody is sent to.'),
  recoveryInterval: interval('2s').describe('Time between probes of a mirror that has just failed.'),
  wholeInterval: interval('1d').describe(
    'Time between blobs (of up to 32 MiB) that are read whole from a mirror.',
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
    'Certificates of mirrors that end sooner than this are warned of.',
  ),
  contact: text(200)
    .regex(/^[!-'*-[\]-~]+$/, { error: 'expected a URL or an e-mail address, without spaces and brackets' })
    .optional()
    .describe('URL or e-mail address for the people of mirrors: probes name it in their User-Agent.'),
  greatestShare: z
    .number()
    .min(0.05)
    .max(1)
    .default(1)
    .describe(
      'The part, from 0.05 to 1, of the requests of any country, continent or other set of clients that one mirror may take outside its own netblocks, whatever its weight. The rest goes on to other mirrors, further away ones too.',
    ),
  reaskWindow: duration('2m').describe('A client that asks for a blob again in this time is sent elsewhere.'),
  proxy: text()
    .regex(/^https?:\/\/[^\s/?#]+\/?$/, { error: 'expected a URL such as "http://proxy.example.org:3128"' })
    .optional()
    .describe(
      "HTTP proxy for what mirrors' administrators register: probes, and mirrors' own webhooks. HTTPS_PROXY and HTTP_PROXY do not count for these. Without it they are connected to directly.",
    ),
  certificateAuthorities: z
    .array(text())
    .max(16)
    .default([])
    .describe('PEM files with certificate authorities trusted for mirrors, beside the usual ones.'),
});

/** Where client addresses are. */
export const places = z.strictObject({
  countryDatabase: text()
    .optional()
    .describe(
      'MaxMind-format (.mmdb) file with countries, or cities. Default: the one that comes with Signpost.',
    ),
  asnDatabase: text().optional().describe('MaxMind-format (.mmdb) file with autonomous system numbers.'),
  overrides: z
    .array(
      z
        .strictObject({
          netblock: netblock().describe('The addresses, such as "192.0.2.0/24".'),
          country: countryCode.optional().describe('Their country.'),
          asn: asn.optional().describe('Their autonomous system.'),
        })
        .refine(({ country, asn: system }) => country !== undefined || system !== undefined, {
          error: 'says nothing: give it a country, an asn, or both',
        }),
    )
    .max(100_000)
    .default([])
    .describe('Corrections: these go before the databases; the longest matching netblock counts.'),
});

import { z } from 'zod';
import { findCountry } from '../../mirrors/countries.ts';
import { parseNetblock } from '../../net/netblock.ts';
import { describeWrongListenAddress } from './listen-address.ts';

// What settings are made of. Sizes are in bytes and times in milliseconds once parsed; in the file they carry a unit.

export const size = (fallback: string) => unit(fallback, sizeUnits, 'a size such as "32KiB" or "4MiB"');
/** A time, which may be nothing. */
export const duration = (fallback: string) =>
  unit(fallback, durationUnits, 'a time such as "500ms", "2s", "10m" or "90d"');
/** A time after which something happens: timers take no longer one, and nothing would be without end. */
export const interval = (fallback: string) =>
  duration(fallback).refine((time) => time > 0 && time <= longestTimer, {
    error: 'expected a time longer than nothing and of at most "24d"',
  });
/** How long something is good for. */
export const validity = (fallback: string) =>
  duration(fallback).refine((time) => time > 0, { error: 'expected a time longer than nothing' });

const longestTimer = 24 * 86_400_000;
const sizeUnits: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const durationUnits: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

function unit(fallback: string, units: Readonly<Record<string, number>>, expected: string) {
  const pattern = new RegExp(`^(\\d{1,9})(${Object.keys(units).join('|')})$`);
  return z
    .string({ error: `expected ${expected}` })
    .regex(pattern, { error: `expected ${expected}` })
    .default(fallback)
    .transform((text) => {
      const [, amount, name] = pattern.exec(text) ?? [];
      return Number(amount) * (units[name ?? ''] ?? 0);
    });
}

export const text = (limit = 1024) => z.string().min(1).max(limit);
/** A text of which `describeWrong` says what is wrong with it, if anything is. */
export const checked = (limit: number, describeWrong: (text: string) => string | undefined) =>
  text(limit).superRefine((value, context) => {
    const message = describeWrong(value);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
export const netblock = () => checked(64, describeWrongNetblock);
/** Its word is believed, so that nobody may be anybody. */
export const trustedNetblock = () =>
  checked(64, (value) =>
    /\/0+$/.test(value)
      ? 'everybody is in it, and could claim any address: expected the addresses of your proxies'
      : describeWrongNetblock(value),
  );

function describeWrongNetblock(value: string): string | undefined {
  try {
    parseNetblock(value);
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(/^".*?" is not/, 'not');
  }
}

export const port = z.int().min(0).max(65_535);
export const countryCode = z
  .string()
  .regex(/^[A-Z]{2}$/, { error: 'expected two upper-case letters (ISO 3166-1)' })
  .refine((code) => findCountry(code) !== undefined, { error: 'not an ISO 3166-1 code' });
export const asn = z.int().min(1).max(4_294_967_295);

const tls = z
  .strictObject({
    certificate: text().describe('File with the certificate chain in PEM. Read again when it changes.'),
    key: text().describe('File with the private key in PEM. Read again when it changes.'),
  })
  .describe('Serve TLS. Without it the address speaks plain HTTP, for use behind a proxy.');

export const listener = z.strictObject({
  address: checked(255, describeWrongListenAddress).default('127.0.0.1').describe('Address to listen on.'),
  port: port.default(5000).describe('Port to listen on; 0 takes a free one.'),
  tls: tls.optional(),
});

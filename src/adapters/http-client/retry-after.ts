import type { IncomingHttpHeaders } from 'node:http';

/** How long a server asks to be left alone, in milliseconds: it says so in seconds or by a date (RFC 9110, section 10.2.3). */
export function readRetryAfter({ 'retry-after': text = '' }: IncomingHttpHeaders): number | undefined {
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

import type { IncomingMessage } from 'node:http';

/** Milliseconds. Whoever says that it takes longer is asked again all the same, and may say so again. */
const longest = 30_000;

/**
 * How long a source that has too much to do asks to be left alone (RFC 9110, section 10.2.3; RFC 6585, section 4), in
 * milliseconds; undefined when it does not.
 */
export function readRetryAfter({ statusCode, headers }: IncomingMessage): number | undefined {
  const text = headers['retry-after'];
  if (text === undefined || (statusCode !== 503 && statusCode !== 429)) return undefined;
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.min(longest, Math.max(1000, wait));
}

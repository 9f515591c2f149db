import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSmallFile } from '../../adapters/files/small-file.ts';
import { markerLimit, parsePublicationMarker } from '../../tree/publication-marker.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { ServerOptions } from '../records/server-options.ts';
import { composeAdminClient } from '../records/admin-client.ts';

/** Milliseconds between looks at whether the check has run. */
const lookInterval = 500;

/** Tells a server that a mirror has synced, and waits for what the server finds. */
export async function composeReport(options: ServerOptions) {
  const ask = await composeAdminClient(options);
  if (ask === undefined) throw new SignpostError('USAGE', '--server and --token-file are needed');
  const pathOf = (name: string, what: string) => `/mirrors/${encodeURIComponent(name)}/${what}`;
  return {
    async send(name: string, serial: number | undefined) {
      const body = serial === undefined ? {} : { serial };
      return (await ask({ method: 'POST', path: pathOf(name, 'report'), body })).body;
    },
    /**
     * The mirror's health after the check that a report of the time `at`, by the server's clock, has asked for.
     * @throws SignpostError UNAVAILABLE when there was none in `timeout` milliseconds; CANCELLED
     */
    async wait(name: string, at: unknown, timeout: number, signal: AbortSignal) {
      if (typeof at !== 'string') {
        throw new SignpostError(
          'UNAVAILABLE',
          'the server is too old for --wait: it does not say when it took the report',
        );
      }
      const end = performance.now() + timeout;
      for (;;) {
        const health = await healthOf(() => ask({ method: 'GET', path: pathOf(name, 'health') }));
        const { checkedAt } = health;
        if (typeof checkedAt === 'string' && Date.parse(checkedAt) >= Date.parse(at)) return health;
        if (performance.now() >= end) {
          throw new SignpostError(
            'UNAVAILABLE',
            `${name} was not checked in time: the report was taken, and "signpost report ${name} --wait" asks again`,
          );
        }
        await pause(signal);
      }
    },
  };
}

/** Nothing is known of a mirror that was added a moment ago. */
async function healthOf(
  ask: () => Promise<{ readonly body: Readonly<Record<string, unknown>> }>,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await ask()).body;
  } catch (error) {
    if (isSignpostError(error) && error.code === 'NOT_FOUND') return {};
    throw error;
  }
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(lookInterval, undefined, { signal });
  } catch (cause) {
    throw new SignpostError('CANCELLED', 'stopped before the mirror was checked', { cause });
  }
}

/**
 * The serial that a copy of the tree is at.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID, STORAGE
 */
export async function readTreeSerial(tree: string): Promise<number> {
  const file = join(tree, 'publication.json');
  const marker = parsePublicationMarker(await readSmallFile(file, markerLimit));
  if ('wrong' in marker) throw new SignpostError('SOURCE_INVALID', `${file}: ${marker.wrong}`);
  return marker.serial;
}

import { join } from 'node:path';
import { readSmallFile } from '../../adapters/small-file.ts';
import { markerLimit, parsePublicationMarker } from '../../mirrors/contents/publication-marker.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { ServerOptions } from '../server-options.ts';
import { composeAdminClient } from './admin-client.ts';

/** Tells a server that a mirror has synced. */
export async function composeReport(options: ServerOptions) {
  const ask = await composeAdminClient(options);
  if (ask === undefined) throw new SignpostError('USAGE', '--server and --token-file are needed');
  return async (name: string, serial: number | undefined) => {
    const { body } = await ask({
      method: 'POST',
      path: `/mirrors/${encodeURIComponent(name)}/report`,
      body: serial === undefined ? {} : { serial },
    });
    return body;
  };
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

import { z } from 'zod';
import { SignpostError } from '../../oci/errors.ts';
import type { NewMirror } from '../../mirrors/mirror.ts';
import { parseNetblock } from '../../mirrors/netblock.ts';

const text = z.string().max(1024);
const texts = z.array(text).max(1024);

/** What describeMirror writes. Properties that a newer version wrote are passed over. */
const description = z.object({
  name: text,
  url: text,
  country: text,
  coordinates: z.object({ latitude: z.number(), longitude: z.number() }).optional(),
  asns: z.array(z.int()).max(1024),
  netblocks: texts,
  weight: z.int().min(1).max(1_000_000),
  private: z.boolean(),
  repositories: texts,
  onlyCountries: texts,
  enabled: z.boolean(),
});

/**
 * Reads a mirror's description from the database.
 * @throws SignpostError STORAGE
 */
export function readMirrorDescription(json: string): NewMirror {
  try {
    const { coordinates, netblocks, ...rest } = description.parse(JSON.parse(json));
    return {
      ...rest,
      ...(coordinates === undefined ? {} : { coordinates }),
      netblocks: netblocks.map(parseNetblock),
    };
  } catch (cause) {
    throw new SignpostError(
      'STORAGE',
      `the database has a damaged description of a mirror: ${(cause as Error).message}`,
      { cause },
    );
  }
}

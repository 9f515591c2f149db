import { z } from 'zod';
import { SignpostError } from '../../../oci/errors.ts';
import { mirrorKinds, type NewMirror } from '../../../mirrors/mirror.ts';
import { parseNetblock } from '../../../net/netblock.ts';

const text = z.string().max(1024);
const texts = z.array(text).max(1024);

/** What describeMirror writes. Properties that a newer version wrote are passed over. */
const description = z.object({
  name: text,
  site: text.optional(),
  kind: z.enum(mirrorKinds),
  urls: z.tuple([text], text),
  country: text,
  coordinates: z.object({ latitude: z.number(), longitude: z.number() }).optional(),
  asns: z.array(z.int()).max(1024),
  netblocks: texts,
  weight: z.int().min(1).max(1_000_000),
  repositories: texts,
  onlyCountries: texts,
  exceptCountries: texts,
  enabled: z.boolean(),
  approved: z.boolean(),
  contact: text.optional(),
  webhook: text.optional(),
});

/**
 * Reads a mirror's description from the database.
 * @throws SignpostError STORAGE
 */
export function readMirrorDescription(json: string): NewMirror {
  try {
    const { site, coordinates, netblocks, contact, webhook, ...rest } = description.parse(JSON.parse(json));
    return {
      ...rest,
      ...(site === undefined ? {} : { site }),
      ...(coordinates === undefined ? {} : { coordinates }),
      netblocks: netblocks.map(parseNetblock),
      ...(contact === undefined ? {} : { contact }),
      ...(webhook === undefined ? {} : { webhook }),
    };
  } catch (cause) {
    throw new SignpostError(
      'STORAGE',
      `the database has a damaged description of a mirror: ${(cause as Error).message}`,
      { cause },
    );
  }
}

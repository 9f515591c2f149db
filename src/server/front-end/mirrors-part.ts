import { z } from 'zod';
import { describeMirror } from '../../mirrors/mirror-description.ts';
import type { Mirror, MirrorId, NewMirror } from '../../mirrors/mirror.ts';
import type { Pieces } from '../../net/pieces.ts';
import type { MirrorHealth } from '../../mirrors/mirror-state.ts';
import { readPart } from './read-part.ts';

/** A mirror, with what the origin found out about it. */
export interface OfferedMirror {
  readonly mirror: Mirror;
  /** Undefined before the first probe. */
  readonly health?: OfferedHealth;
}

/** What a front end cannot find out by itself as soon, or at all. */
type OfferedHealth = Pick<MirrorHealth, 'healthy' | 'since' | 'serial' | 'needs'> & {
  readonly reason?: string;
};

const count = z.int().min(0);
const document = z
  .array(
    z.strictObject({
      id: z.int().min(1),
      mirror: z.record(z.string(), z.unknown()),
      health: z
        .strictObject({
          healthy: z.boolean(),
          since: count,
          serial: count,
          needs: z.enum(['probe', 'full-check']),
          reason: z.string().max(4096).optional(),
        })
        .optional(),
    }),
  )
  .max(100_000);

/** The mirrors as a piece of the snapshot. What is for operators' eyes only stays at the origin. */
export function formatMirrorsPart(mirrors: readonly OfferedMirror[]): Uint8Array {
  return Buffer.from(
    JSON.stringify(
      mirrors
        .toSorted((a, b) => a.mirror.id - b.mirror.id)
        .map(({ mirror, health }) => {
          const { contact: _contact, webhook: _webhook, ...description } = describeMirror(mirror);
          return { id: mirror.id, mirror: description, ...(health === undefined ? {} : { health }) };
        }),
    ),
  );
}

/**
 * The other way round, a mirror at a time.
 * @param readMirror reads a description in JSON, and throws when it is none
 * @throws SignpostError REQUEST_INVALID, and what `readMirror` throws
 */
export function* parseMirrorsPart(
  bytes: Uint8Array,
  readMirror: (json: string) => NewMirror,
): Pieces<readonly OfferedMirror[]> {
  const mirrors: OfferedMirror[] = [];
  for (const { id, mirror, health } of readPart(document, bytes, 'the mirrors of the snapshot')) {
    mirrors.push({
      mirror: { ...readMirror(JSON.stringify(mirror)), id: id as MirrorId },
      ...(health === undefined ? {} : { health: withoutUndefined(health) }),
    });
    yield;
  }
  return mirrors;
}

function withoutUndefined({
  reason,
  ...rest
}: NonNullable<z.infer<typeof document>[number]['health']>): OfferedHealth {
  return reason === undefined ? rest : { ...rest, reason };
}

import type { PlannedImage, SigningPlan } from '../../signer/plan-signing.ts';
import { plural } from '../terminal/plural.ts';
import { formatTime } from '../../text/format-time.ts';

/** What would be signed, for a person: everything that the signatures will cover. */
export function describePlan({ header, images, rollbacks }: SigningPlan, life: string): readonly string[] {
  const count = (change: PlannedImage['change']) => images.filter((image) => image.change === change).length;
  return [
    `Request ${header.serial} of ${formatTime(header.created * 1000)} for ${header.registry}:`,
    ...images.flatMap(describeImage),
    `${plural(images.length, 'tag')}: ${count('new')} new, ${count('changed')} changed, ${count('same')} the same as signed before.`,
    `The signatures will be valid for ${life}.`,
    ...rollbacks.map(
      ({ repository, recorded }) => `WARNING: request ${recorded} was signed for ${repository} before.`,
    ),
  ];
}

/** The same for programs. */
export function planToJson({ header, images, rollbacks }: SigningPlan): object {
  return {
    registry: header.registry,
    serial: header.serial,
    images: images.map(({ reference, list, manifests, platforms, change, previous }) => ({
      reference,
      list,
      manifests,
      platforms,
      change,
      previous: previous?.list,
    })),
    rollbacks,
  };
}

function describeImage({ reference, list, platforms, change, previous }: PlannedImage): readonly string[] {
  return [
    `  ${change.padEnd(7)}  ${reference}`,
    `           ${change === 'changed' && previous !== undefined ? `${previous.list} -> ` : ''}${list}`,
    `           ${platforms.join(', ')}`,
  ];
}

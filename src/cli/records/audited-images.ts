import type { AcceptResult } from '../../origin/accept/accept-bundle.ts';
import { describeImageRefusal } from '../../origin/accept/image-refusal.ts';
import { type TaggedReference, formatTaggedReference } from '../../oci/reference.ts';
import type { AuditedChange } from '../../ports/audit-log.ts';
import type { RenewedTag } from '../../origin/renew/stage-renewals.ts';
import { formatTime } from '../../text/format-time.ts';

/** What the record of changes says of an accepted bundle: what was published, and what was refused and why. */
export function auditedAccept({
  serial,
  published,
  refused,
  metadata,
}: AcceptResult): readonly AuditedChange[] {
  return [
    ...published.map((image) => ({
      action: 'image.publish',
      subject: formatTaggedReference(image),
      after: { list: image.list, serial, expires: formatTime(image.expires) },
    })),
    ...refused.map((image) => ({
      action: 'image.refuse',
      subject: formatTaggedReference(image),
      after: { reason: describeImageRefusal(image.reason) },
    })),
    ...metadata.map(({ format, collection, ...outcome }) => ({
      action: 'refused' in outcome ? 'metadata.refuse' : 'metadata.publish',
      subject: [format, collection].filter((part) => part !== undefined).join(' '),
      after: outcome,
    })),
  ];
}

/** Of tags that were staged again for new signatures. */
export function auditedRenewal(tags: readonly RenewedTag[]): readonly AuditedChange[] {
  return tags.map((tag) => ({
    action: 'image.renew',
    subject: formatTaggedReference(tag),
    before: { list: tag.list, expires: formatTime(tag.expires) },
  }));
}

/** Of a staged image that was discarded. */
export function auditedDiscard(image: TaggedReference & { readonly list: string }): AuditedChange {
  return { action: 'image.discard', subject: formatTaggedReference(image), before: { list: image.list } };
}

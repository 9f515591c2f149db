import { createHash } from 'node:crypto';
import type { Mirror } from '../mirrors/mirror.ts';
import { describeMirror } from '../mirrors/mirror-description.ts';

/** The entity tag of a mirror as it is described, with its quotes. Its health has no part in it. */
export function mirrorTag(mirror: Mirror): string {
  const text = JSON.stringify([mirror.id, describeMirror(mirror)]);
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`;
}

/** Whether an If-Match header (RFC 9110, section 13.1.1) names `tag`. The comparison is strong. */
export function matches(ifMatch: string, tag: string): boolean {
  return ifMatch.split(',').some((item) => item.trim() === '*' || item.trim() === tag);
}

import { createHash } from 'node:crypto';
import type { Mirror } from '../../mirrors/mirror.ts';
import { describeMirror } from '../../mirrors/mirror-description.ts';

/** The entity tag of a mirror as it is described, with its quotes. Its health has no part in it. */
export function mirrorTag(mirror: Mirror): string {
  return bytesTag(Buffer.from(JSON.stringify([mirror.id, describeMirror(mirror)])));
}

/** Whether an If-Match header (RFC 9110, section 13.1.1) names `tag`. The comparison is strong. */
export function matches(ifMatch: string, tag: string): boolean {
  return itemsOf(ifMatch).some((item) => item === '*' || item === tag);
}

/** The entity tag of bytes, with its quotes. */
export function bytesTag(bytes: Uint8Array): string {
  return `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`;
}

/** Whether an If-None-Match header (RFC 9110, section 13.1.2) names `tag`. A proxy that compresses makes tags weak. */
export function matchesWeakly(ifNoneMatch: string, tag: string): boolean {
  return itemsOf(ifNoneMatch).some((item) => item === '*' || item.replace(/^W\//, '') === tag);
}

function itemsOf(header: string): readonly string[] {
  return header.split(',').map((item) => item.trim());
}

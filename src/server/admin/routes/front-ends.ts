import { z } from 'zod';
import { isDigest } from '../../../oci/digest.ts';
import type { SnapshotOffer } from '../../../ports/snapshot-offer.ts';
import { bytesTag, matchesWeakly } from '../entity-tag.ts';
import { problem } from '../problem.ts';
import { type Route, defineRoute } from '../route.ts';
import { text } from '../schemas/common.ts';

export interface FrontEndRoutesDeps {
  readonly snapshotOffer: SnapshotOffer;
}

const roles = ['operator', 'front-end'] as const;

/** What front ends on other machines follow, as `signpost snapshot` has sealed it: no key is anywhere near. */
export function frontEndRoutes({ snapshotOffer }: FrontEndRoutesDeps): readonly Route[] {
  return [
    defineRoute({
      id: 'fetchSnapshot',
      method: 'get',
      path: '/front-ends/snapshot',
      summary: 'The sealed snapshot that front ends follow',
      description: 'It names its pieces by digest. It is made by "signpost snapshot".',
      roles,
      takesIfNoneMatch: true,
      answers: {
        200: { description: 'The file: a line with the seal, then what is sealed.', bytes: true, etag: true },
        304: { description: 'It is still the one of If-None-Match.', etag: true },
      },
      problems: [404],
      async handle({ ifNoneMatch }) {
        const file = await snapshotOffer.readSnapshot();
        if (file === undefined) {
          return problem(
            404,
            'there is no snapshot for front ends yet: run "signpost snapshot"',
            'NOT_FOUND',
          );
        }
        const etag = bytesTag(file);
        if (matchesWeakly(ifNoneMatch, etag)) return { status: 304, etag };
        return { status: 200, bytes: { size: file.length, content: [file] }, etag };
      },
    }),
    defineRoute({
      id: 'fetchSnapshotPart',
      method: 'get',
      path: '/front-ends/parts/{digest}',
      summary: 'A piece of the snapshot',
      description: 'Whoever fetches it verifies it by its digest.',
      roles,
      params: z.strictObject({ digest: text(71).describe('Of the piece: "sha256:" and 64 digits.') }),
      answers: { 200: { description: 'Its bytes.', bytes: true } },
      problems: [404],
      async handle({ params: { digest } }) {
        const part = isDigest(digest) ? await snapshotOffer.findPart(digest) : undefined;
        if (part === undefined)
          return problem(404, 'there is no such piece: fetch the snapshot again', 'NOT_FOUND');
        return { status: 200, bytes: part };
      },
    }),
  ];
}

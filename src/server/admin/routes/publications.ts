import { z } from 'zod';
import { isRepositoryName, isTagName } from '../../../oci/reference.ts';
import type { PublicationRecord } from '../../../ports/publication-record.ts';
import type { StagedImages } from '../../../ports/staged-images.ts';
import { problem } from '../problem.ts';
import { type Route, defineRoute } from '../route.ts';
import { pageLimit, text } from '../schemas/common.ts';
import {
  publicationPageSchema,
  repositoryPageSchema,
  stagedPageSchema,
  tagPageSchema,
} from '../schemas/publication.ts';
import { formatTime } from '../../../text/format-time.ts';

export interface PublicationRoutesDeps {
  readonly record: PublicationRecord;
  readonly staged: Pick<StagedImages, 'list'>;
}

const roles = ['operator', 'publisher'] as const;
const namePage = z.strictObject({
  limit: pageLimit,
  after: text(1024).optional().describe('Where the page before ended.'),
});

/** What is published, and what waits. Nothing here signs: the keys are elsewhere. */
export function publicationRoutes({ record, staged }: PublicationRoutesDeps): readonly Route[] {
  return [
    defineRoute({
      id: 'listPublications',
      method: 'get',
      path: '/publications',
      summary: 'The publications and their times',
      roles,
      query: z.strictObject({
        limit: pageLimit,
        before: z.coerce.number().int().min(1).optional().describe('Only those with a lower serial.'),
      }),
      answers: { 200: { description: 'A page.', schema: publicationPageSchema } },
      async handle({ query: { limit, before } }) {
        const events = await record.events(limit, before);
        const next = events.length === limit ? events.at(-1)?.serial : undefined;
        const publications = events.map(({ serial, published }) => ({
          serial,
          published: formatTime(published),
        }));
        return { status: 200, body: { publications, next } };
      },
    }),
    defineRoute({
      id: 'listRepositories',
      method: 'get',
      path: '/repositories',
      summary: 'The repositories, and which publication changed each last',
      roles,
      query: namePage,
      answers: { 200: { description: 'A page.', schema: repositoryPageSchema } },
      async handle({ query: { limit, after } }) {
        const repositories = await record.repositories(limit, after);
        const next = repositories.length === limit ? repositories.at(-1)?.repository : undefined;
        return { status: 200, body: { repositories, next } };
      },
    }),
    defineRoute({
      id: 'listTags',
      method: 'get',
      path: '/tags',
      summary: 'The tags of a repository, and when their signatures expire',
      roles,
      query: namePage.extend({ repository: text(255).describe('The name of the repository.') }),
      answers: { 200: { description: 'A page.', schema: tagPageSchema } },
      async handle({ query: { repository, limit, after } }) {
        if (!isRepositoryName(repository)) return problem(400, 'query.repository: not a repository name');
        if (after !== undefined && !isTagName(after)) return problem(400, 'query.after: not a tag');
        const found = await record.tags(repository, limit, after);
        const next = found.length === limit ? found.at(-1)?.tag : undefined;
        const tags = found.map(({ tag, list, requestSerial, expires }) => ({
          tag,
          list,
          requestSerial,
          expires: formatTime(expires),
        }));
        return { status: 200, body: { repository, tags, next } };
      },
    }),
    defineRoute({
      id: 'listStaged',
      method: 'get',
      path: '/staged',
      summary: 'The images that wait for a signature',
      roles,
      query: namePage,
      answers: { 200: { description: 'A page.', schema: stagedPageSchema } },
      async handle({ query: { limit, after = '' } }) {
        const all = (await staged.list()).map((image) => ({
          ...image,
          key: `${image.repository}:${image.tag}`,
        }));
        const later = all
          .filter(({ key }) => key > after)
          .sort((one, other) => (one.key < other.key ? -1 : 1));
        const page = later.slice(0, limit);
        const next = later.length > limit ? page.at(-1)?.key : undefined;
        const images = page.map(({ repository, tag, list, staged: at, reason }) => ({
          repository,
          tag,
          list,
          staged: formatTime(at),
          reason,
        }));
        return { status: 200, body: { images, next } };
      },
    }),
  ];
}

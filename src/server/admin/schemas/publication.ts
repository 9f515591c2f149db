import { z } from 'zod';
import { serial, time } from './common.ts';

const next = z.string().exactOptional().describe('The value of "after" for the next page, if there is one.');

export const publicationPageSchema = z
  .strictObject({
    publications: z.array(z.strictObject({ serial, published: time })).max(500),
    next: z.int().exactOptional().describe('The value of "before" for the next page, if there is one.'),
  })
  .describe('Publications, the newest first.');

export const repositoryPageSchema = z
  .strictObject({
    repositories: z
      .array(
        z.strictObject({
          repository: z.string(),
          serial: serial.describe('The publication that changed it last.'),
        }),
      )
      .max(500),
    next,
  })
  .describe('Repositories by name.');

export const tagPageSchema = z
  .strictObject({
    repository: z.string(),
    tags: z
      .array(
        z.strictObject({
          tag: z.string(),
          list: z.string().describe('The digest of its manifest list.'),
          requestSerial: serial.describe('Of the signing request that it came from.'),
          expires: time.describe('When its signatures expire.'),
        }),
      )
      .max(500),
    next,
  })
  .describe('The tags of a repository by name.');

export const stagedPageSchema = z
  .strictObject({
    images: z
      .array(
        z.strictObject({
          repository: z.string(),
          tag: z.string(),
          list: z.string().describe('The digest of its manifest list.'),
          staged: time,
          reason: z.string().exactOptional().describe('Why its last signature bundle was refused.'),
        }),
      )
      .max(500),
    next,
  })
  .describe('Images that wait for a signature, by repository and tag.');

export const statusSchema = z
  .strictObject({
    version: z.string().describe('Of Signpost.'),
    serial: serial.describe('Of the newest publication.'),
    mirrors: z.strictObject({
      total: z.int(),
      enabled: z.int().describe('Enabled and approved.'),
      healthy: z.int(),
    }),
  })
  .describe('The state of the Mirror List.');

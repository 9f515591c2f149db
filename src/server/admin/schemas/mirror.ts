import { z } from 'zod';
import { mirrorKinds } from '../../../mirrors/mirror.ts';
import { mirrorEventKinds } from '../../../mirrors/mirror-events.ts';
import { serial, text, time } from './common.ts';

const texts = (limit: number) => z.array(text(1024)).max(limit);
const coordinates = z.strictObject({ latitude: z.number(), longitude: z.number() });

const fields = {
  name: text(63).describe('Short and unique, such as "uni-example".'),
  site: text(100).describe('Who runs it, for the public list.'),
  kind: z
    .enum(mirrorKinds)
    .describe(
      '"public" serves everybody; "private" its own netblocks only; "always-current" has what the origin has at once.',
    ),
  urls: texts(8).describe('Where its copy of the tree is; all of them lead to the same copy.'),
  country: text(2).describe('ISO 3166-1, two letters.'),
  coordinates: coordinates.describe('In degrees. Without them the middle of the country counts.'),
  asns: z.array(z.int()).max(64).describe('Autonomous systems whose clients are sent here first.'),
  netblocks: texts(1024).describe('Addresses whose clients are sent here before all.'),
  weight: z.int().describe('Its share against others: 1 to 1000000.'),
  repositories: texts(256).describe(
    'It carries these only: names, or prefixes ending in "/*". Empty is all.',
  ),
  onlyCountries: texts(250).describe('It serves clients in these countries only. Empty is all.'),
  exceptCountries: texts(250).describe('It serves no clients in these countries.'),
  enabled: z.boolean().describe('Whether clients may be sent there.'),
  approved: z.boolean().describe('Nobody is sent to a mirror before it is approved.'),
  contact: text(1024).describe('Whom to ask about it. Operators and the mirror itself see it.'),
  webhook: text(1024).describe(
    'Where its contact is told that it went out or came back. Seen like the contact.',
  ),
};

const { name, site, kind, urls, country, asns, netblocks, weight, repositories } = fields;
const { onlyCountries, exceptCountries, enabled, approved, contact, webhook } = fields;

/** How it is, without what is known of its health. */
export const mirrorSchema = z
  .strictObject({
    id: z.int().min(1),
    name,
    site: site.exactOptional(),
    kind,
    urls,
    country,
    coordinates: fields.coordinates.exactOptional(),
    asns,
    netblocks,
    weight,
    repositories,
    onlyCountries,
    exceptCountries,
    enabled,
    approved,
    contact: contact.exactOptional(),
    webhook: webhook.exactOptional(),
  })
  .describe('A mirror.');

/** What may be said of a mirror; what is left out has its default. */
export const newMirrorSchema = z
  .strictObject({
    name,
    urls,
    country,
    site: site.exactOptional(),
    kind: kind.exactOptional(),
    coordinates: fields.coordinates.exactOptional(),
    asns: asns.exactOptional(),
    netblocks: netblocks.exactOptional(),
    weight: weight.exactOptional(),
    repositories: repositories.exactOptional(),
    onlyCountries: onlyCountries.exactOptional(),
    exceptCountries: exceptCountries.exactOptional(),
    enabled: enabled.exactOptional(),
    approved: approved.exactOptional(),
    contact: contact.exactOptional(),
    webhook: webhook.exactOptional(),
  })
  .describe('A mirror to be added.');

/** A JSON Merge Patch (RFC 7396): null takes away. */
export const mirrorChangeSchema = newMirrorSchema
  .extend({
    name: name.exactOptional(),
    urls: urls.exactOptional(),
    country: country.exactOptional(),
    site: site.nullable().exactOptional(),
    coordinates: fields.coordinates.nullable().exactOptional(),
    contact: contact.nullable().exactOptional(),
    webhook: webhook.nullable().exactOptional(),
  })
  .describe('What is to be changed of a mirror, as a JSON Merge Patch (RFC 7396): null takes away.');

export const mirrorStateSchema = z
  .strictObject({
    healthy: z.boolean(),
    reason: z.string().exactOptional().describe('Why it is out.'),
    since: time.describe('When it became healthy or went out.'),
    serial: serial.describe('It holds all that was published up to this one. 0 is unknown.'),
    ipv4: z.boolean().exactOptional().describe('Whether it can be reached over IPv4.'),
    ipv6: z.boolean().exactOptional().describe('Whether it can be reached over IPv6.'),
    urls: z
      .array(
        z.strictObject({
          url: z.string(),
          reachable: z.boolean(),
          ipv4: z.boolean().exactOptional(),
          ipv6: z.boolean().exactOptional(),
          reason: z.string().exactOptional(),
        }),
      )
      .exactOptional()
      .describe('How each of its URLs answers, where they are probed apart.'),
    warning: z.string().exactOptional().describe('What is not right about it although it is in.'),
    responseTime: z.number().exactOptional().describe('How long it takes to answer, in milliseconds.'),
    certificateExpires: time.exactOptional().describe('When its certificate ends.'),
  })
  .describe('What is known of a mirror now.');

export const mirrorHealthSchema = mirrorStateSchema
  .extend({
    checkedAt: time
      .exactOptional()
      .describe('When the last finished probe began; not there before the first since the server started.'),
  })
  .describe('What is known of a mirror now, and since when.');

export const mirrorHistorySchema = z
  .strictObject({
    events: z
      .array(
        z.strictObject({ number: z.int(), at: time, kind: z.enum(mirrorEventKinds), detail: z.string() }),
      )
      .max(500),
    next: z.int().exactOptional().describe('The value of "before" for the next page, if there is one.'),
  })
  .describe('What happened to a mirror, the newest first.');

export const mirrorItemSchema = z
  .strictObject({
    mirror: mirrorSchema,
    etag: z.string().describe('For If-Match.'),
    state: mirrorStateSchema.exactOptional(),
  })
  .describe('A mirror in the list.');

export const mirrorPageSchema = z
  .strictObject({
    version: z.number().describe('Changes whenever anything has changed.'),
    mirrors: z.array(mirrorItemSchema).max(500),
    next: z.string().exactOptional().describe('The value of "after" for the next page, if there is one.'),
  })
  .describe('Mirrors by name.');

export type MirrorChangeBody = z.output<typeof mirrorChangeSchema>;

import { z } from 'zod';
import { mirrorKinds } from '../../../mirrors/mirror.ts';
import { mirrorEventKinds } from '../../../mirrors/mirror-events.ts';
import { serial, text, time } from './common.ts';

const texts = (limit: number) => z.array(text(1024)).max(limit);
const coordinates = z.strictObject({ latitude: z.number(), longitude: z.number() });

const fields = {
  name: text(63).describe('Short and unique, such as "uni-example".'),
  site: text(100).describe('Who runs it, as the public page of mirrors shows.'),
  kind: z
    .enum(mirrorKinds)
    .describe(
      '"public" serves all clients, "private" only those in its CIDR blocks. "always-current" (a CDN, a bucket) needs no sync.',
    ),
  urls: texts(8).describe('URLs of its copy of the tree. All of them lead to the same copy.'),
  country: text(2).describe('ISO 3166-1, two letters.'),
  coordinates: coordinates.describe('Its position in degrees. Default: the middle of its country.'),
  asns: z.array(z.int()).max(64).describe('Autonomous systems whose clients prefer this mirror.'),
  netblocks: texts(1024).describe(
    'CIDR blocks whose clients prefer this mirror, even before those of its autonomous systems.',
  ),
  weight: z.int().describe('Its share of the clients, relative to other mirrors: 1 to 1000000.'),
  repositories: texts(256).describe(
    'The repositories that it carries: names, or prefixes that end in "/*". Empty: all.',
  ),
  onlyCountries: texts(250).describe('It serves only clients in these countries. Empty: all.'),
  exceptCountries: texts(250).describe('It serves no clients in these countries.'),
  enabled: z.boolean().describe('Whether clients may be sent there.'),
  approved: z.boolean().describe('Whether it is approved. It gets no clients before.'),
  contact: text(1024).describe(
    'E-mail address or URL of its administrator. Operators and the mirror itself see it.',
  ),
  webhook: text(1024).describe(
    'Webhook that is called when it goes out or comes back. Operators and the mirror itself see it.',
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
  .describe(
    'The properties of a mirror to change, as a JSON Merge Patch (RFC 7396). A property that is null is removed.',
  );

export const mirrorStateSchema = z
  .strictObject({
    healthy: z.boolean(),
    reason: z.string().exactOptional().describe('Why it is out.'),
    since: time.describe('When it became healthy or went out.'),
    serial: serial.describe('The newest publication up to which it holds everything; 0 is unknown.'),
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
    warning: z.string().exactOptional().describe('What is wrong with it, although it gets clients.'),
    responseTime: z.number().exactOptional().describe('How long it takes to answer, in milliseconds.'),
    certificateExpires: time.exactOptional().describe('When its certificate expires.'),
  })
  .describe('The state of a mirror now.');

export const mirrorHealthSchema = mirrorStateSchema
  .extend({
    checkedAt: time
      .exactOptional()
      .describe('When the last finished probe began; not there before the first since the server started.'),
  })
  .describe('The state of a mirror now, and when it was probed.');

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

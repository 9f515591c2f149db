import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import { describeMirror } from '../../mirrors/mirror-description.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { AdminClient } from './admin-client.ts';
import { readMirrorDescription } from '../db/tables/mirror-description.ts';
import { urlStates } from '../db/tables/mirror-states.ts';

/** The registry of a server far away, over its management API. */
export interface RemoteMirrorRegistry extends MirrorRegistry {
  /** What the server knows of the mirrors' health. */
  states(): Promise<ReadonlyMap<MirrorId, MirrorState>>;
  /** One mirror, and what is known of its health: a mirror's own token may ask for no more. */
  show(name: string): Promise<{ readonly mirror: Mirror; readonly state: MirrorState | undefined }>;
  /** The newest publication. */
  newest(): Promise<number>;
}

const pageSize = 500;
const pagesLimit = 200;

const identified = z.object({ id: z.int().min(1) });
const state = z.object({
  healthy: z.boolean(),
  reason: z.string().exactOptional(),
  since: z.iso.datetime().transform((text) => Date.parse(text)),
  serial: z.int().min(0),
  ipv4: z.boolean().exactOptional(),
  ipv6: z.boolean().exactOptional(),
  urls: urlStates.exactOptional(),
  warning: z.string().exactOptional(),
  responseTime: z.number().exactOptional(),
});
const item = z.object({
  mirror: identified.loose(),
  etag: z.string().max(200),
  state: state.exactOptional(),
});
const page = z.object({
  version: z.number(),
  mirrors: z.array(item).max(pageSize),
  next: z.string().optional(),
});

const status = z.object({ serial: z.int().min(0) });

interface Known {
  readonly mirror: Mirror;
  readonly etag: string;
}

/**
 * The same rules hold as on the server, which judges everything again, and writes down who holds the token. Whether
 * netblocks may be shared the caller has settled.
 */
export function createRemoteMirrorRegistry(ask: AdminClient): RemoteMirrorRegistry {
  const known = new Map<MirrorId, Known>();

  async function load(): Promise<readonly z.output<typeof item>[]> {
    const items: z.output<typeof item>[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < pagesLimit; pages += 1) {
      const query = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
      const { body } = await ask({ method: 'GET', path: `/mirrors?limit=${pageSize}${query}` });
      const read = understand(() => page.parse(body));
      items.push(...read.mirrors);
      if (read.next === undefined) return items;
      after = read.next;
    }
    throw notUnderstood(`it lists more than ${pageSize * pagesLimit} mirrors`);
  }

  async function list(): Promise<readonly Mirror[]> {
    const items = await load();
    known.clear();
    return items.map(({ mirror, etag }) => {
      const read = readMirror(mirror);
      known.set(read.id, { mirror: read, etag });
      return read;
    });
  }

  /** What is known of a mirror, and what must still be so when it is changed. */
  async function find(expected: Mirror): Promise<{ name: string; ifMatch: string }> {
    const { id } = expected;
    if (!known.has(id)) await list();
    const found = known.get(id);
    if (found === undefined) {
      throw new SignpostError('NOT_FOUND', `there is no mirror with number ${id}: it has been removed`);
    }
    const { mirror, etag } = found;
    if (isDeepStrictEqual(describeMirror(mirror), describeMirror(expected))) {
      return { name: mirror.name, ifMatch: etag };
    }
    throw new SignpostError('LOCKED', `the mirror ${mirror.name} has changed meanwhile: look at it again`);
  }

  async function stateOf(path: string): Promise<MirrorState | undefined> {
    try {
      const { body } = await ask({ method: 'GET', path: `${path}/health` });
      return understand(() => state.parse(body));
    } catch (error) {
      // There is such a mirror: nothing is known of it yet.
      if (isSignpostError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  return {
    list,
    async states() {
      const entries = (await load()).flatMap(({ mirror, state }) =>
        state === undefined ? [] : [[mirror.id as MirrorId, state] as const],
      );
      return new Map(entries);
    },
    async show(name) {
      const path = `/mirrors/${encodeURIComponent(name)}`;
      const { body, etag = '' } = await ask({ method: 'GET', path });
      const mirror = readMirror(body);
      known.set(mirror.id, { mirror, etag });
      return { mirror, state: await stateOf(path) };
    },
    async newest() {
      const { body } = await ask({ method: 'GET', path: '/status' });
      return understand(() => status.parse(body)).serial;
    },
    async add(mirror) {
      const { body, etag = '' } = await ask({
        method: 'POST',
        path: '/mirrors?shareNetblocks=true',
        body: describeMirror(mirror),
      });
      const added = readMirror(body);
      known.set(added.id, { mirror: added, etag });
      return added;
    },
    async update(before, after) {
      const { name, ifMatch } = await find(before);
      const nothing = { site: null, coordinates: null, contact: null, webhook: null };
      const { body, etag = '' } = await ask({
        method: 'PATCH',
        path: `/mirrors/${encodeURIComponent(name)}?shareNetblocks=true`,
        body: { ...nothing, ...describeMirror(after) },
        ifMatch,
      });
      known.set(before.id, { mirror: readMirror(body), etag });
    },
    async remove(mirror) {
      const { name, ifMatch } = await find(mirror);
      await ask({ method: 'DELETE', path: `/mirrors/${encodeURIComponent(name)}`, ifMatch });
      known.delete(mirror.id);
    },
    async version() {
      const { body } = await ask({ method: 'GET', path: '/mirrors?limit=1' });
      return understand(() => page.parse(body)).version;
    },
  };
}

function readMirror(value: unknown): Mirror {
  return understand(() => {
    const { id } = identified.parse(value);
    return { ...readMirrorDescription(JSON.stringify(value)), id: id as MirrorId };
  });
}

function understand<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw notUnderstood((cause as Error).message, cause);
  }
}

function notUnderstood(reason: string, cause?: unknown): SignpostError {
  return new SignpostError('UNAVAILABLE', `the server's answer cannot be understood: ${reason}`, { cause });
}

import { z } from 'zod';
import type { Mirror, MirrorId, NewMirror } from '../../../mirrors/mirror.ts';
import type { MirrorState } from '../../../mirrors/mirror-state.ts';
import { changeMirror, parseMirror } from '../../../mirrors/parse-mirror.ts';
import type { AllowedAddresses } from '../../../mirrors/parse-mirror-url.ts';
import { createConflictCheck } from '../../../mirrors/refuse-conflicts.ts';
import type { Author } from '../../../ports/audit-log.ts';
import type { MirrorRegistry } from '../../../ports/mirror-registry.ts';
import { matches, mirrorTag } from '../entity-tag.ts';
import { findMirror } from '../find-mirror.ts';
import { mirrorInput } from '../mirror-input.ts';
import { type ProblemAnswer, problem } from '../problem.ts';
import { type Answer, type Route, defineRoute } from '../route.ts';
import { pageLimit, text } from '../schemas/common.ts';
import {
  type MirrorChangeBody,
  mirrorChangeSchema,
  mirrorPageSchema,
  mirrorSchema,
  newMirrorSchema,
} from '../schemas/mirror.ts';
import { showMirror, showState } from '../show-mirror.ts';
import { waitForAll } from '../../../parallel/wait-for-all.ts';

export interface MirrorRoutesDeps {
  readonly registry: MirrorRegistry;
  readonly states: () => Promise<ReadonlyMap<MirrorId, MirrorState>>;
  /** Special addresses that the operator allows. */
  readonly allowed: () => AllowedAddresses;
  /** Why clients and probes must not be led to a URL, after looking its name up; undefined when they may. */
  readonly refusalOf: (url: string) => Promise<string | undefined>;
  /** Gives pulls their turn. */
  readonly pause: () => Promise<void>;
}

const byName = z.strictObject({ name: text(63).describe('Of the mirror.') });
const sharing = z.strictObject({
  shareNetblocks: z
    .enum(['true', 'false'])
    .optional()
    .describe('Whether its CIDR blocks may overlap those of other mirrors.'),
});
const one = { 200: { description: 'The mirror.', schema: mirrorSchema, etag: true } } as const;

/** The mirrors: look, add, change, approve, remove. */
export function mirrorRoutes(deps: MirrorRoutesDeps): readonly Route[] {
  const { registry } = deps;
  return [
    defineRoute({
      id: 'listMirrors',
      method: 'get',
      path: '/mirrors',
      summary: 'The mirrors and their states',
      roles: ['operator', 'publisher'],
      query: z.strictObject({
        limit: pageLimit,
        after: text(63).optional().describe('The name with which the page before ended.'),
      }),
      answers: { 200: { description: 'A page.', schema: mirrorPageSchema } },
      async handle({ query: { limit, after = '' }, token }) {
        const [version, all, states] = await waitForAll([registry.version(), registry.list(), deps.states()]);
        const later = all.filter(({ name }) => name > after);
        const page = later.slice(0, limit);
        const next = later.length > limit ? page.at(-1)?.name : undefined;
        const mirrors: object[] = [];
        for (const mirror of page) {
          const state = states.get(mirror.id);
          mirrors.push({
            mirror: showMirror(mirror, token?.role),
            etag: mirrorTag(mirror),
            state: state && showState(state),
          });
          // Each may have a thousand CIDR blocks.
          await deps.pause();
        }
        return { status: 200, body: { version, mirrors, next } };
      },
    }),
    defineRoute({
      id: 'addMirror',
      method: 'post',
      path: '/mirrors',
      summary: 'Add a mirror',
      description: 'Clients are sent there once it is approved and has passed a probe.',
      roles: ['operator'],
      query: sharing,
      body: newMirrorSchema,
      answers: { 201: { description: 'It was added.', schema: mirrorSchema, etag: true } },
      async handle({ query, body, by, token }) {
        const { name, urls, country } = body;
        const input = { ...mirrorInput(body), name, urls, country };
        const parsed = { ...parseMirror(input, deps.allowed()), ...switchesOf(body) };
        const shareNetblocks = query.shareNetblocks === 'true';
        await refuseConflicts(deps, parsed, shareNetblocks);
        const refused = await checkUrls(deps, parsed);
        if (refused !== undefined) return refused;
        const mirror = await registry.add(parsed, by);
        const location = `/mirrors/${mirror.name}`;
        return { status: 201, body: showMirror(mirror, token?.role), etag: mirrorTag(mirror), location };
      },
    }),
    defineRoute({
      id: 'showMirror',
      method: 'get',
      path: '/mirrors/{name}',
      summary: 'The properties of a mirror',
      roles: ['operator', 'publisher', 'mirror'],
      params: byName,
      answers: one,
      problems: [404],
      async handle({ params, token }) {
        const mirror = await findMirror(registry, params.name);
        if ('problem' in mirror) return mirror;
        return { status: 200, body: showMirror(mirror, token?.role), etag: mirrorTag(mirror) };
      },
    }),
    defineRoute({
      id: 'changeMirror',
      method: 'patch',
      path: '/mirrors/{name}',
      summary: 'Change only the given properties of a mirror',
      roles: ['operator'],
      params: byName,
      query: sharing,
      body: mirrorChangeSchema,
      bodyType: 'application/merge-patch+json',
      needsIfMatch: true,
      answers: one,
      problems: [404],
      handle({ params, query, body, ifMatch, by }) {
        // Netblocks that overlap already do not stand in the way of changing something else.
        const shareNetblocks = query.shareNetblocks === 'true' || body.netblocks === undefined;
        return change(deps, { name: params.name, ifMatch, by, shareNetblocks }, (mirror) => ({
          ...changeMirror(mirror, mirrorInput(body), deps.allowed()),
          ...switchesOf(body),
        }));
      },
    }),
    defineRoute({
      id: 'approveMirror',
      method: 'post',
      path: '/mirrors/{name}/approve',
      summary: 'Approve a mirror, so that clients may be sent there',
      roles: ['operator'],
      params: byName,
      answers: one,
      problems: [404, 412],
      handle: ({ params, by }) =>
        change(deps, { name: params.name, ifMatch: '*', by, shareNetblocks: true }, (mirror) => ({
          ...mirror,
          approved: true,
        })),
    }),
    defineRoute({
      id: 'removeMirror',
      method: 'delete',
      path: '/mirrors/{name}',
      summary: 'Remove a mirror for good',
      roles: ['operator'],
      params: byName,
      needsIfMatch: true,
      answers: { 204: { description: 'It was removed.' } },
      problems: [404],
      async handle({ params, ifMatch, by }) {
        const mirror = await findMirror(registry, params.name);
        if ('problem' in mirror) return mirror;
        if (!matches(ifMatch, mirrorTag(mirror))) return changedMeanwhile;
        await registry.remove(mirror, by);
        return { status: 204 };
      },
    }),
  ];
}

const changedMeanwhile = problem(412, 'the mirror has changed meanwhile: look at it again', 'LOCKED');

function switchesOf({ enabled, approved }: MirrorChangeBody): Partial<Pick<Mirror, 'enabled' | 'approved'>> {
  return { ...(enabled === undefined ? {} : { enabled }), ...(approved === undefined ? {} : { approved }) };
}

interface Wish {
  readonly name: string;
  readonly ifMatch: string;
  readonly by: Author;
  readonly shareNetblocks: boolean;
}

async function change(
  deps: MirrorRoutesDeps,
  { name, ifMatch, by, shareNetblocks }: Wish,
  make: (mirror: Mirror) => Mirror,
): Promise<Answer> {
  const { registry } = deps;
  const before = await findMirror(registry, name);
  if ('problem' in before) return before;
  if (!matches(ifMatch, mirrorTag(before))) return changedMeanwhile;
  const changed = make(before);
  await refuseConflicts(deps, changed, shareNetblocks);
  const refused = await checkUrls(deps, changed);
  if (refused !== undefined) return refused;
  await registry.update(before, changed, by);
  return { status: 200, body: showMirror(changed, 'operator'), etag: mirrorTag(changed) };
}

/** @throws SignpostError USAGE */
async function refuseConflicts(
  { registry, pause }: MirrorRoutesDeps,
  mirror: NewMirror & { readonly id?: MirrorId },
  shareNetblocks: boolean,
): Promise<void> {
  const refuse = createConflictCheck(mirror, { shareNetblocks });
  for (const other of await registry.list()) {
    refuse(other);
    await pause();
  }
}

/**
 * Tells early what a probe would find out: it looks again at the very address that it connects to, since a name may
 * lead elsewhere by then. A private mirror is not probed from here.
 */
async function checkUrls(deps: MirrorRoutesDeps, mirror: NewMirror): Promise<ProblemAnswer | undefined> {
  if (mirror.kind === 'private') return undefined;
  for (const url of mirror.urls) {
    const refusal = await deps.refusalOf(url);
    if (refusal !== undefined) return problem(422, `${url}: ${refusal}`, 'USAGE');
  }
  return undefined;
}

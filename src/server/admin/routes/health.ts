import { z } from 'zod';
import type { Mirror, MirrorId } from '../../../mirrors/mirror.ts';
import type { MirrorState } from '../../../mirrors/mirror-state.ts';
import type { MirrorHistory } from '../../../ports/mirror-history.ts';
import type { MirrorRegistry } from '../../../ports/mirror-registry.ts';
import { findMirror } from '../find-mirror.ts';
import { problem } from '../problem.ts';
import { type Route, defineRoute } from '../route.ts';
import { pageLimit, text } from '../schemas/common.ts';
import { mirrorHealthSchema, mirrorHistorySchema } from '../schemas/mirror.ts';
import { statusSchema } from '../schemas/publication.ts';
import { reportAnswerSchema, reportSchema } from '../schemas/report.ts';
import { showState } from '../show-mirror.ts';
import { waitForAll } from '../../../parallel/wait-for-all.ts';
import { formatTime } from '../../../text/format-time.ts';

export interface HealthRoutesDeps {
  readonly registry: Pick<MirrorRegistry, 'list'>;
  readonly states: () => Promise<ReadonlyMap<MirrorId, MirrorState>>;
  readonly history: Pick<MirrorHistory, 'list'>;
  /** Of the newest publication. */
  readonly serial: () => number;
  readonly version: string;
  /** When the last finished probe of a mirror began, in milliseconds since the epoch. */
  readonly checkedAt: (mirror: MirrorId) => number | undefined;
  /** Takes a mirror's report: when, whether it is being probed for it, and what serial counts for it now. */
  readonly report: (
    mirror: Mirror,
    serial: number | undefined,
  ) => { at: number; checked: boolean; serial: number };
}

const byName = z.strictObject({ name: text(63).describe('Of the mirror.') });

/** What is known of the mirrors' health, and what they say themselves. */
export function healthRoutes(deps: HealthRoutesDeps): readonly Route[] {
  return [
    defineRoute({
      id: 'showStatus',
      method: 'get',
      path: '/status',
      summary: 'The state of the Mirror List',
      roles: ['operator', 'publisher'],
      answers: { 200: { description: 'The state of the Mirror List.', schema: statusSchema } },
      async handle() {
        const [mirrors, states] = await waitForAll([deps.registry.list(), deps.states()]);
        const enabled = mirrors.filter((mirror) => mirror.enabled && mirror.approved);
        const healthy = enabled.filter(({ id }) => states.get(id)?.healthy === true).length;
        const counts = { total: mirrors.length, enabled: enabled.length, healthy };
        return { status: 200, body: { version: deps.version, serial: deps.serial(), mirrors: counts } };
      },
    }),
    defineRoute({
      id: 'showMirrorHealth',
      method: 'get',
      path: '/mirrors/{name}/health',
      summary: 'The state of a mirror now, and why it is out',
      roles: ['operator', 'publisher', 'mirror'],
      params: byName,
      answers: { 200: { description: 'Its state.', schema: mirrorHealthSchema } },
      problems: [404],
      async handle({ params }) {
        const mirror = await findMirror(deps.registry, params.name);
        if ('problem' in mirror) return mirror;
        const state = (await deps.states()).get(mirror.id);
        if (state === undefined) return problem(404, 'nothing is known of this mirror yet', 'NOT_FOUND');
        const at = deps.checkedAt(mirror.id);
        const checkedAt = at === undefined ? {} : { checkedAt: formatTime(at) };
        return { status: 200, body: { ...showState(state), ...checkedAt } };
      },
    }),
    defineRoute({
      id: 'listMirrorHistory',
      method: 'get',
      path: '/mirrors/{name}/history',
      summary: 'What happened to a mirror: when it went out and came back, and why',
      roles: ['operator', 'publisher', 'mirror'],
      params: byName,
      query: z.strictObject({
        limit: pageLimit,
        before: z.coerce.number().int().min(1).optional().describe('Only those with a lower number.'),
      }),
      answers: { 200: { description: 'A page.', schema: mirrorHistorySchema } },
      problems: [404],
      async handle({ params, query: { limit, before } }) {
        const mirror = await findMirror(deps.registry, params.name);
        if ('problem' in mirror) return mirror;
        const page = before === undefined ? { limit } : { limit, before };
        const found = await deps.history.list(mirror.id, page);
        const next = found.length === limit ? found.at(-1)?.id : undefined;
        const events = found.map(({ id, at, kind, detail }) => ({
          number: id,
          at: formatTime(at),
          kind,
          detail,
        }));
        return { status: 200, body: { events, next } };
      },
    }),
    defineRoute({
      id: 'reportMirror',
      method: 'post',
      path: '/mirrors/{name}/report',
      summary: 'Report that a mirror has synced',
      description:
        'It is then probed. What it says is never believed, but of a private mirror that cannot be probed from here: ' +
        'it is all that is known of it, and nobody is sent there before.',
      roles: ['operator', 'mirror'],
      params: byName,
      body: reportSchema,
      answers: { 202: { description: 'What comes of it.', schema: reportAnswerSchema } },
      problems: [404, 409],
      async handle({ params, body }) {
        const mirror = await findMirror(deps.registry, params.name);
        if ('problem' in mirror) return mirror;
        if (!mirror.enabled || !mirror.approved) {
          return problem(409, 'this mirror is disabled, or waits for approval: an operator decides');
        }
        const newest = deps.serial();
        if (body.serial !== undefined && body.serial > newest) {
          return problem(
            422,
            `the serial ${body.serial} is not published yet: the newest is ${newest}`,
            'USAGE',
          );
        }
        const { at, ...taken } = deps.report(mirror, body.serial);
        return { status: 202, body: { at: formatTime(at), ...taken, newest } };
      },
    }),
  ];
}

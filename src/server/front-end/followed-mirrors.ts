import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { MirrorStates } from '../../ports/mirror-states.ts';
import type { Follower } from './follow-origin.ts';
import type { OfferedMirror } from './mirrors-part.ts';

/** The mirrors that the origin has. Nothing is entered here. */
export function createFollowedMirrors(
  follower: Pick<Follower, 'current'>,
): Pick<MirrorRegistry, 'list' | 'version'> {
  return {
    list: () => Promise.resolve(follower.current()?.mirrors.map(({ mirror }) => mirror) ?? []),
    version: () => Promise.resolve(follower.current()?.snapshot.sequence ?? 0),
  };
}

/** What the origin found out, to begin with: without it nobody would be sent to mirrors before all were probed. */
export function createFollowedStates(follower: Pick<Follower, 'current'>): MirrorStates {
  return {
    load: async () =>
      new Map(healthsOf(follower).map(([id, health]) => [id, { ...health, good: 0, flips: [] }])),
    save: () => Promise.resolve(),
  };
}

/** Where the states of mirrors come from: this machine's own probes. */
export interface OwnHealth {
  states(): ReadonlyMap<MirrorId, MirrorState>;
  setMirrors(mirrors: readonly Mirror[]): void;
  onChange(callback: () => void): void;
}

/** Own probes, and above them what the origin alone can know. */
export function createFollowedHealth(own: OwnHealth, follower: Follower): OwnHealth {
  return {
    setMirrors: (mirrors) => own.setMirrors(mirrors),
    states() {
      const offered = new Map(follower.current()?.mirrors.map((item) => [item.mirror.id, item]));
      return new Map(
        [...own.states()].map(([id, state]) => [id, withOrigin(state, offered.get(id))] as const),
      );
    },
    onChange(callback) {
      own.onChange(callback);
      follower.onChange(callback);
    },
  };
}

/**
 * A private mirror cannot be probed from here, and has told the origin how far it is. One that the origin caught with
 * wrong bytes stays out until the origin has checked it whole.
 */
function withOrigin(own: MirrorState, offered: OfferedMirror | undefined): MirrorState {
  const { mirror, health } = offered ?? {};
  if (mirror === undefined || health === undefined) return own;
  if (mirror.kind === 'private') {
    const { reason: _own, ...rest } = own;
    return { ...rest, ...withReason(health) };
  }
  if (!health.healthy && health.needs === 'full-check') {
    return {
      ...own,
      healthy: false,
      since: health.since,
      reason: `${health.reason ?? 'wrong bytes'} (seen by the origin)`,
    };
  }
  return own;
}

function withReason({ healthy, since, serial, reason }: NonNullable<OfferedMirror['health']>) {
  return { healthy, since, serial, ...(reason === undefined ? {} : { reason }) };
}

function healthsOf(follower: Pick<Follower, 'current'>) {
  return (follower.current()?.mirrors ?? []).flatMap(({ mirror, health }) =>
    health === undefined ? [] : [[mirror.id, health] as const],
  );
}

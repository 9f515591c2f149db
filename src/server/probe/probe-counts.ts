import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import { type Measurement, measureEach } from '../../ports/measurement.ts';
import type { ProbeFinding } from './visit.ts';

/** What probes found, counted, and how each mirror is. */
export interface ProbeCounts {
  note(mirror: MirrorId, finding: ProbeFinding, now: number): void;
  measurements(): readonly Measurement[];
}

export interface ProbeCountsDeps {
  /** Those that the operator has entered, whether enabled or not. */
  readonly mirrors: () => readonly Mirror[];
  readonly states: () => ReadonlyMap<MirrorId, MirrorState>;
  /** The publication serial of the tree now. */
  readonly treeSerial: () => number;
}

interface LastProbe {
  /** Milliseconds since the epoch. */
  at: number;
  /** Of the last part that was good. */
  milliseconds: number | undefined;
}

export function createProbeCounts({ mirrors, states, treeSerial }: ProbeCountsDeps): ProbeCounts {
  const results = new Map<string, number>();
  const last = new Map<MirrorId, LastProbe>();

  function* each(
    read: (state: MirrorState, probe: LastProbe | undefined) => number | undefined,
  ): Iterable<readonly [string, number]> {
    const known = states();
    // Removed ones are forgotten here, or they would only ever grow in number.
    for (const id of last.keys()) if (!known.has(id)) last.delete(id);
    for (const { id, name } of mirrors()) {
      const state = known.get(id);
      const value = state && read(state, last.get(id));
      if (value !== undefined) yield [name, value];
    }
  }

  const gauge = (name: string, help: string, read: Parameters<typeof each>[0]) =>
    measureEach(name, help, 'gauge', 'mirror', () => each(read));

  return {
    note(mirror, finding, now) {
      const result = finding.ok ? 'good' : finding.failure;
      const milliseconds = finding.responseTime;
      results.set(result, (results.get(result) ?? 0) + 1);
      const probe = last.get(mirror);
      if (probe === undefined) last.set(mirror, { at: now, milliseconds });
      else {
        probe.at = now;
        probe.milliseconds = milliseconds ?? probe.milliseconds;
      }
    },
    measurements: () => [
      measureEach(
        'signpost_probes_total',
        'Probes of mirrors by what they found.',
        'counter',
        'result',
        () => [...results],
      ),
      measureEach('signpost_mirrors', 'Mirrors by how they are.', 'gauge', 'state', () => {
        const known = states();
        const count = { up: 0, down: 0, disabled: 0 };
        for (const { id } of mirrors()) {
          const healthy = known.get(id)?.healthy;
          count[healthy === undefined ? 'disabled' : healthy ? 'up' : 'down'] += 1;
        }
        return Object.entries(count);
      }),
      gauge('signpost_mirror_up', 'Whether clients are sent to the mirror (1) or not (0).', ({ healthy }) =>
        healthy ? 1 : 0,
      ),
      gauge(
        'signpost_mirror_serial',
        'The publication up to which the mirror says that it holds everything; 0 is unknown.',
        ({ serial }) => serial,
      ),
      gauge('signpost_mirror_lag_publications', 'How many publications the mirror is behind.', ({ serial }) =>
        Math.max(0, treeSerial() - serial),
      ),
      gauge(
        'signpost_mirror_state_timestamp_seconds',
        'When the mirror was taken in or out.',
        ({ since }) => since / 1000,
      ),
      gauge(
        'signpost_mirror_last_probe_timestamp_seconds',
        'When the mirror was probed last.',
        (_, probe) => probe && probe.at / 1000,
      ),
      gauge(
        'signpost_mirror_response_seconds',
        'How long the mirror took for the last part of a blob that was good.',
        (_, probe) => (probe?.milliseconds === undefined ? undefined : probe.milliseconds / 1000),
      ),
    ],
  };
}

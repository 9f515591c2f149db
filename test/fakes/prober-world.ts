import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { createProber } from '../../src/server/probe/prober.ts';
import type { ProbeSettings } from '../../src/server/probe/schedule.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { SignpostError } from '../../src/oci/errors.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { parseIpAddress } from '../../src/net/address.ts';
import { clientNetworkOf } from '../../src/net/client-network.ts';
import type { Mirror, MirrorId } from '../../src/mirrors/mirror.ts';
import type { ProbeTarget } from '../../src/ports/mirror-probe.ts';
import { createMemoryMirrorHistory } from './memory-mirror-history.ts';
import { createMemoryMirrorStates } from './memory-mirror-states.ts';
import { numberedMirror } from './mirrors.ts';
import { createScriptedProbe } from './scripted-probe.ts';

const repository = parseRepositoryName('test/image');
export const blob = (name: string, size: number): ProbeTarget => ({
  repository,
  digest: digestOf(name),
  size,
});
export const small = blob('small', 100_000);
export const large = blob('large', 40_000_000);
export const settings: ProbeSettings = {
  probeTimeout: 2000,
  probeInterval: 2000,
  idleProbeInterval: 300_000,
  recoveryInterval: 2000,
  wholeBlobInterval: 86_400_000,
  certificateWarning: 14 * 86_400_000,
  hourlyRequests: 4000,
  hourlyBytes: 1024 ** 3,
};
export const one = 1 as MirrorId;

interface WorldOptions {
  readonly mirrors?: readonly Mirror[];
  readonly blobs?: readonly ProbeTarget[];
  readonly settings?: ProbeSettings;
  readonly states?: ReturnType<typeof createMemoryMirrorStates>;
}

/** A prober in a world in which time passes only when the test says so. */
export async function createWorld(context: TestContext, options: WorldOptions = {}) {
  const { mock } = context;
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_700_000_000_000 });
  const now = () => Date.now();
  const probe = createScriptedProbe(now);
  const blobs = [...(options.blobs ?? [small, large])];
  const retired = new Set<Digest>();
  const history = createMemoryMirrorHistory();
  /** `clockSet`: by how much the clock of the machine was set, in milliseconds. */
  const world = {
    treeSerial: 5,
    clockSet: 0,
    picks: 0,
    errors: [] as string[],
    newSerial: 5,
    newBlob: blobs[0],
  };
  const prober = await createProber({
    probe,
    tree: {
      readBlob: async (_repository, digest) => {
        if (retired.has(digest)) throw new SignpostError('NOT_FOUND', 'retired');
        return new Uint8Array(1);
      },
    },
    clock: { now: () => now() + world.clockSet, monotonic: now },
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: () => undefined,
      error: (event) => world.errors.push(event),
    },
    states: options.states ?? createMemoryMirrorStates(),
    history,
    settings: options.settings ?? settings,
    pickTarget: (_mirror, serial) => (serial === 0 ? undefined : blobs[world.picks++ % blobs.length]),
    pickNewest: (_mirror, above, upTo) =>
      above < world.newSerial && upTo >= world.newSerial ? world.newBlob : undefined,
    treeSerial: () => world.treeSerial,
    random: () => 0.5,
  });
  prober.setMirrors(options.mirrors ?? [numberedMirror(1)]);
  const settle = async () => {
    for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  const advance = async (milliseconds: number, step = 100) => {
    for (let passed = 0; passed < milliseconds; passed += step) {
      mock.timers.tick(step);
      await settle();
    }
  };
  const state = (id = 1) => {
    const found = prober.states().get(id as MirrorId);
    assert.ok(found !== undefined);
    return found;
  };
  const start = async () => {
    prober.start();
    await settle();
  };
  /** A client is sent to the mirror each second. */
  const useFor = async (milliseconds: number, target = small) => {
    for (let passed = 0; passed < milliseconds; passed += 1000) {
      prober.onSent(one, target);
      await advance(1000);
    }
  };
  /** A client in the network asks again for what it was sent to the first mirror for. */
  const suspect = (target: ProbeTarget, network = '192.0.2.1', offset?: number) =>
    prober.onSuspect(one, { target, network: clientNetworkOf(parseIpAddress(network)), offset });
  return Object.assign(world, {
    suspect,
    prober,
    probe,
    retired,
    history,
    settle,
    advance,
    state,
    start,
    useFor,
  });
}

export const out = (reason: RegExp) => (state: { healthy: boolean; reason?: string }) => {
  assert.equal(state.healthy, false);
  assert.match(state.reason ?? '', reason);
};

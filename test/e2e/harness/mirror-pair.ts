import { readFileSync } from 'node:fs';
import { type FaultyMirror, startFaultyMirror } from '../../fakes/faulty-mirror.ts';
import type { Country, World } from './world.ts';

/** A mirror that can be made to fail. */
export interface PairedMirror {
  readonly name: string;
  readonly server: FaultyMirror;
}

/** Two mirrors of one country: the one that clients are sent to first, which is to fail, and the other. */
export interface MirrorPair {
  readonly country: Country;
  readonly first: PairedMirror;
  readonly second: PairedMirror;
}

/** Weights so far apart that no hash chooses the second mirror while the first is in. */
const weights = { first: '1000000', second: '1' };

/**
 * Starts a mirror on `address` that serves the copy of the tree at `root`, and enters it. Each failure gets a first
 * mirror of its own: one that has failed again and again has to prove itself for longer.
 */
export async function startPairedMirror(
  world: World,
  options: {
    readonly country: Country;
    readonly kind: keyof typeof weights;
    readonly name: string;
    readonly address: string;
    readonly root: string;
  },
): Promise<PairedMirror> {
  const { country, kind, name, address, root } = options;
  const { certificate, key } = world.certificates;
  const tls = { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  const server = await startFaultyMirror({ root, tls, address });
  world.parts.defer(() => server.close());
  const weight = weights[kind];
  await world.signpost.must('mirror', 'add', name, server.url, '--country', country, '--weight', weight);
  return { name, server };
}

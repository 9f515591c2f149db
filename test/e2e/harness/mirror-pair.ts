import { readFileSync } from 'node:fs';
import { type FaultyMirror, startFaultyMirror } from '../../fakes/faulty-mirror.ts';
import type { Country, World } from './world.ts';

/** Two mirrors of one country: the one that clients are sent to first, which is to fail, and the other. */
export interface MirrorPair {
  readonly country: Country;
  readonly first: { readonly name: string; readonly server: FaultyMirror };
  readonly second: { readonly name: string; readonly server: FaultyMirror };
}

/** Weights so far apart that no hash chooses the second mirror while the first is in. */
const weights = { first: '1000000', second: '1' };

/** Starts and enters a pair, which serves a copy of the tree at `root`. */
export async function startMirrorPair(
  world: World,
  country: Country,
  addresses: readonly [string, string],
  root: string,
): Promise<MirrorPair> {
  const { certificate, key } = world.certificates;
  const tls = { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
  const start = async (kind: 'first' | 'second', address: string) => {
    const name = `${country.toLowerCase()}-${kind}`;
    const server = await startFaultyMirror({ root, tls, address });
    world.parts.defer(() => server.close());
    await world.signpost.must(
      'mirror',
      'add',
      name,
      server.url,
      '--country',
      country,
      '--weight',
      weights[kind],
    );
    return { name, server };
  };
  return { country, first: await start('first', addresses[0]), second: await start('second', addresses[1]) };
}

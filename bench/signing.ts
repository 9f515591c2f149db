import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runSignpost } from './process.ts';
import { report } from './report.ts';
import { createSigningWorld } from './signing-world.ts';

/** Of simple signing, EdDSA; of cosign attached, cosign bundles and notation, ECDSA. Metadata adds a few. */
const ecdsaFormats = 3;
/** A list and its four platforms. */
const signedEach = 5;

/**
 * Signing and accepting lists of four platforms in every format, against the bare public-key work in one thread: as many
 * signatures of the same kinds by the same library, and nothing else.
 */
export async function benchSigning(folder: string, options: { lists: number }): Promise<void> {
  const { lists } = options;
  const world = join(folder, 'signing');
  const { origin, keys } = await createSigningWorld(world, lists);
  const file = (name: string) => join(world, name);

  const bare = measureBare();
  const times = {
    request: time(() => runSignpost('request', ...origin, '-o', file('request.jsonl'))),
    sign: time(() =>
      runSignpost('sign', file('request.jsonl'), ...keys, '--yes', '-o', file('bundle.jsonl')),
    ),
    accept: time(() => runSignpost('accept', ...origin, file('bundle.jsonl'))),
  };
  rmSync(world, { recursive: true });

  const signatures = lists * signedEach;
  const share = (kind: 'sign' | 'verify') => {
    const work = signatures * (bare[kind].ed25519 + ecdsaFormats * bare[kind].ecdsa);
    const all = signatures * (1 + ecdsaFormats);
    const rate = Math.round(all / times[kind === 'sign' ? 'sign' : 'accept']).toLocaleString('en');
    return `${rate} signatures/s, public-key work ${(work / times[kind === 'sign' ? 'sign' : 'accept']).toFixed(2)} of it`;
  };
  report(`request for ${lists} lists of 4 platforms`, `${times.request.toFixed(1)} s`);
  report(`sign in 4 formats and TUF`, `${times.sign.toFixed(1)} s, ${share('sign')}`);
  report(`accept`, `${times.accept.toFixed(1)} s, ${share('verify')}`);
}

function time(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

/** Seconds for one operation. */
function measureBare() {
  const message = Buffer.alloc(400, 'a');
  const ed25519 = measurePair(generateKeyPairSync('ed25519'), null, message);
  const ecdsa = measurePair(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sha256', message);
  return {
    sign: { ed25519: ed25519.sign, ecdsa: ecdsa.sign },
    verify: { ed25519: ed25519.verify, ecdsa: ecdsa.verify },
  };
}

function measurePair(
  pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  hash: string | null,
  message: Buffer,
) {
  const count = 3000;
  const signature = sign(hash, message, pair.privateKey);
  const each = (work: () => void) =>
    time(() => {
      for (let index = 0; index < count; index += 1) work();
    }) / count;
  return {
    sign: each(() => sign(hash, message, pair.privateKey)),
    verify: each(() => verify(hash, message, pair.publicKey, signature)),
  };
}

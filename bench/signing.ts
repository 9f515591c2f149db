import { generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runSignpost } from './process.ts';
import { report } from './report.ts';
import { createSigningWorld } from './signing-world.ts';

/** Cosign attached, cosign bundles and notation sign with ECDSA P-256, simple signing with the OpenPGP key. */
const ecdsaFormats = 3;
/** A list and its four platforms. */
const signedEach = 5;

/** What a share is of: the bare work of one digest, in seconds. */
type Work = Readonly<Record<'sign' | 'verify', number>>;

/**
 * Signing and accepting lists of four platforms in every format, against the bare public-key work in one thread: as many
 * operations of the same kinds by the same library, and nothing else. The signer verifies each signature that it makes
 * before it lets go of it, so that is part of its work; metadata, four signatures a repository, is not counted.
 */
export async function benchSigning(
  folder: string,
  options: { readonly lists: number; readonly rsaBits?: number | undefined },
): Promise<void> {
  const { lists, rsaBits } = options;
  const world = join(folder, 'signing');
  const { origin, keys } = await createSigningWorld(world, lists, rsaBits);
  const file = (name: string) => join(world, name);

  const work = measureBare(rsaBits);
  const request = time(() => runSignpost('request', ...origin, '-o', file('request.jsonl')));
  const sign = time(() =>
    runSignpost('sign', file('request.jsonl'), ...keys, '--yes', '-o', file('bundle.jsonl')),
  );
  const accept = time(() => runSignpost('accept', ...origin, file('bundle.jsonl')));
  rmSync(world, { recursive: true });

  const digests = lists * signedEach;
  const describe = (seconds: number, each: number) => {
    const rate = Math.round((digests * (1 + ecdsaFormats)) / seconds).toLocaleString('en');
    return `${seconds.toFixed(1)} s, ${rate} signatures/s, public-key work ${((digests * each) / seconds).toFixed(2)} of it`;
  };
  const key = rsaBits === undefined ? 'Ed25519' : `RSA-${rsaBits}`;
  report(`request for ${lists} lists of 4 platforms`, `${request.toFixed(1)} s`);
  report(
    `sign in 4 formats, TUF and Notary v1, OpenPGP key ${key}`,
    `${describe(sign, work.sign + work.verify)} (${((digests * work.sign) / sign).toFixed(2)} without verifying)`,
  );
  report('accept', describe(accept, work.verify));
}

function time(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1000;
}

function measureBare(rsaBits: number | undefined): Work {
  const message = Buffer.alloc(400, 'a');
  const openpgp =
    rsaBits === undefined
      ? measurePair(generateKeyPairSync('ed25519'), null, message)
      : measurePair(generateKeyPairSync('rsa', { modulusLength: rsaBits }), 'sha256', message);
  const ecdsa = measurePair(generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'sha256', message);
  return {
    sign: openpgp.sign + ecdsaFormats * ecdsa.sign,
    verify: openpgp.verify + ecdsaFormats * ecdsa.verify,
  };
}

function measurePair(
  pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  hash: string | null,
  message: Buffer,
): Work {
  const signature = sign(hash, message, pair.privateKey);
  return {
    sign: measureEach(() => sign(hash, message, pair.privateKey)),
    verify: measureEach(() => verify(hash, message, pair.publicKey, signature)),
  };
}

/** Seconds for one operation, of as many as go into half a second. */
function measureEach(work: () => void): number {
  const start = performance.now();
  let count = 0;
  let passed = 0;
  for (; passed < 500; passed = performance.now() - start) {
    work();
    count += 1;
  }
  return passed / 1000 / count;
}

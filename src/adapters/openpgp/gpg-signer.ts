import { type ChildProcess, spawn } from 'node:child_process';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/signing.ts';
import { describeUnusable, describeWeakness, fingerprintOf, parsePublicKeys } from './public-keys.ts';

export interface GpgOptions {
  /** The fingerprint of the primary key. */
  readonly fingerprint: string;
  /** GnuPG's home folder, when it is not the usual one. */
  readonly home?: string;
  /** How long the agent may take to sign, in milliseconds: somebody may have to find the smart card. */
  readonly timeout: number;
}

const outputLimit = 1024 * 1024;
const leastBits = 3072;

/**
 * A signer that asks `gpg`, whose agent has the key or reaches a smart card.
 * @throws SignpostError CONFIG_INVALID, DENIED, UNAVAILABLE when gpg cannot be run
 */
export async function createGpgSigner(options: GpgOptions, clock: Clock): Promise<Signer> {
  const fingerprint = options.fingerprint.replaceAll(' ', '').toUpperCase();
  if (!/^[0-9A-F]{40}$/.test(fingerprint)) {
    throw new SignpostError(
      'USAGE',
      `${quote(options.fingerprint)} is not a fingerprint: expected 40 hexadecimal digits (gpg --list-secret-keys)`,
    );
  }
  const publicKey = await runGpg(options, ['--no-armor', '--export', fingerprint], undefined);
  const [key] = await parsePublicKeys(publicKey, `gpg's key ${fingerprint}`).catch((cause: unknown) => {
    throw new SignpostError('NOT_FOUND', `gpg has no usable key ${fingerprint}`, { cause });
  });
  if (key === undefined || fingerprintOf(key) !== fingerprint) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${fingerprint} is not a primary key: stock clients reject what subkeys sign`,
    );
  }
  const weakness = describeWeakness(key, leastBits);
  if (weakness !== undefined) throw new SignpostError('CONFIG_INVALID', `the key ${fingerprint} ${weakness}`);
  const unusable = await describeUnusable(key, new Date(clock.now()));
  if (unusable !== undefined) {
    throw new SignpostError('CONFIG_INVALID', `the key ${fingerprint} cannot be used: ${unusable}`);
  }
  return {
    fingerprint,
    publicKey,
    async sign(payload, _created, expires) {
      return runGpg(options, signArguments(fingerprint, expires - clock.now()), payload);
    },
    close: () => Promise.resolve(),
  };
}

/** `life` is in milliseconds. The "!" forces the primary key: gpg would take a subkey where there is one. */
function signArguments(fingerprint: string, life: number): readonly string[] {
  const seconds = Math.floor(life / 1000);
  if (seconds <= 0) throw new SignpostError('USAGE', 'the signatures would have expired already');
  return [
    '--sign',
    '--no-armor',
    '--no-textmode',
    '--compress-level',
    '0',
    '--digest-algo',
    'SHA256',
    '--no-ask-sig-expire',
    '--default-sig-expire',
    `seconds=${seconds}`,
    '--local-user',
    `${fingerprint}!`,
    '--output',
    '-',
  ];
}

async function runGpg(
  options: GpgOptions,
  arguments_: readonly string[],
  input: Uint8Array | undefined,
): Promise<Uint8Array> {
  const home = options.home === undefined ? [] : ['--homedir', options.home];
  const child = spawn('gpg', ['--batch', '--no-tty', '--no-options', ...home, ...reorder(arguments_)], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeout,
  });
  // A gpg that ends before it has read everything says why on its standard error.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [output, errors, status] = await Promise.all([
    collect(child.stdout),
    collect(child.stderr),
    ended(child),
  ]);
  if (status === 0) return output;
  const said = errors.toString().trim().slice(-1000);
  throw new SignpostError('DENIED', `gpg did not sign (${String(status)}): ${said}`);
}

function ended(child: ChildProcess): Promise<number | NodeJS.Signals | null> {
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => {
      reject(new SignpostError('UNAVAILABLE', `cannot run gpg: ${cause.message}`, { cause }));
    });
    child.on('close', (code, signal) => resolve(code ?? signal));
  });
}

// GnuPG wants options before the command.
function reorder(arguments_: readonly string[]): readonly string[] {
  const [command = '', ...rest] = arguments_;
  return command === '--sign' ? [...rest, command] : arguments_;
}

async function collect(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of stream) {
    size += (piece as Buffer).length;
    if (size <= outputLimit) pieces.push(piece as Buffer);
  }
  if (size > outputLimit)
    throw new SignpostError('LIMIT_EXCEEDED', `gpg wrote more than ${outputLimit} bytes`);
  return Buffer.concat(pieces);
}

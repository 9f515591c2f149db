import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../trust/signing.ts';
import { runBounded } from '../process/bounded-program.ts';
import { describeWeakness, parsePublicKeys } from '../openpgp/public-keys.ts';

export interface GpgOptions {
  /** The fingerprint of the primary key. */
  readonly fingerprint: string;
  /** GnuPG's home folder, when it is not the usual one. */
  readonly home?: string | undefined;
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
  const file = { name: `gpg's key ${fingerprint}`, bytes: publicKey };
  const [key] = await parsePublicKeys([file]).catch((cause: unknown) => {
    throw new SignpostError('NOT_FOUND', `gpg has no usable key ${fingerprint}`, { cause });
  });
  if (key?.fingerprint !== fingerprint) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${fingerprint} is not a primary key: stock clients reject what subkeys sign`,
    );
  }
  const weakness = describeWeakness(key.packet, leastBits);
  if (weakness !== undefined) throw new SignpostError('CONFIG_INVALID', `the key ${fingerprint} ${weakness}`);
  const unusable = key.unusable(clock.now());
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
  { home, timeout }: GpgOptions,
  arguments_: readonly string[],
  input: Uint8Array | undefined,
): Promise<Uint8Array> {
  const folder = home === undefined ? [] : ['--homedir', home];
  const args = ['--batch', '--no-tty', '--no-options', ...folder, ...reorder(arguments_)];
  return runBounded({ file: 'gpg', args, timeout, outputLimit }, input);
}

// GnuPG wants options before the command.
function reorder(arguments_: readonly string[]): readonly string[] {
  const [command = '', ...rest] = arguments_;
  return command === '--sign' ? [...rest, command] : arguments_;
}

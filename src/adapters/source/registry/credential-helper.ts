import { spawn } from 'node:child_process';
import { z } from 'zod';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { parseJson } from '../../../oci/parse-json.ts';
import type { Credentials } from './credentials.ts';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const outputLimit = 64 * 1024;
const answerSchema = z.object({ Username: z.string(), Secret: z.string() });
// What every helper says, by the protocol of docker-credential-helpers, when it has nothing for the registry.
const notFound = 'credentials not found in native keychain';

/**
 * Asks `docker-credential-<name> get` for a registry's credentials. `file` is the configuration that names the helper.
 * `timeout` is in milliseconds.
 * @throws SignpostError CONFIG_INVALID, DENIED
 */
export async function runCredentialHelper(
  name: string,
  registry: string,
  file: string,
  timeout = 15_000,
): Promise<Credentials | undefined> {
  // The name becomes part of a program's name: nothing that could lead to another folder.
  if (!namePattern.test(name)) {
    throw new SignpostError('CONFIG_INVALID', `${file}: ${quote(name)} is no name of a credential helper`);
  }
  const program = `docker-credential-${name}`;
  const { status, output } = await run(program, registry, file, timeout);
  if (status !== 0) {
    if (output.includes(notFound)) return undefined;
    throw new SignpostError('DENIED', `${program} failed for ${registry}: ${quote(output.trim())}`);
  }
  const answer = answerSchema.safeParse(readJson(output));
  if (!answer.success) {
    throw new SignpostError('DENIED', `${program} answered with something else than Username and Secret`);
  }
  const { Username: user, Secret: secret } = answer.data;
  if (user === '' && secret === '') return undefined;
  // The protocol's mark for a token in place of a password.
  if (user === '<token>') return { kind: 'token', token: secret };
  return { kind: 'password', user, password: secret };
}

function run(
  program: string,
  input: string,
  file: string,
  timeout: number,
): Promise<{ readonly status: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    const pieces: Buffer[] = [];
    let size = 0;
    let stopped: string | undefined;
    const stop = (why: string) => {
      stopped = why;
      // The whole group: what the helper itself has started may still hold the pipe.
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(() => stop(`did not end within ${timeout} ms`), timeout);
    child.stdout.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > outputLimit) stop(`wrote more than ${outputLimit} bytes`);
      else pieces.push(piece);
    });
    child.on('error', (cause) => {
      clearTimeout(timer);
      reject(
        new SignpostError(
          'CONFIG_INVALID',
          `${file} names ${program}, which cannot be run: ${cause.message}`,
          { cause },
        ),
      );
    });
    child.on('close', (status) => {
      clearTimeout(timer);
      if (stopped === undefined) resolve({ status, output: Buffer.concat(pieces).toString('utf8') });
      else reject(new SignpostError('DENIED', `${program} ${stopped}`));
    });
    // A helper that does not read its input is judged by its answer.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function readJson(text: string): unknown {
  try {
    return parseJson(text, 'the answer', 'DENIED');
  } catch {
    return undefined;
  }
}

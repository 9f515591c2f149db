import { spawn } from 'node:child_process';
import { z } from 'zod';
import { quote } from '../../../oci/digest.ts';
import { parseJson } from '../../../oci/parse-json.ts';

/** What a registry's user gives to prove who he is. A `token` is an OAuth 2 refresh token. */
export type Credentials =
  | { readonly kind: 'password'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string };

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const outputLimit = 64 * 1024;
const answerSchema = z.object({ Username: z.string(), Secret: z.string() });
// What every helper says, by the protocol of docker-credential-helpers, when it has nothing for the registry.
const notFound = 'credentials not found in native keychain';

/** What a helper has, or why it has nothing; neither when it simply knows no such registry. */
export interface HelperAnswer {
  readonly credentials?: Credentials;
  readonly problem?: string;
}

/**
 * Asks `docker-credential-<name> get` for a registry's credentials. `file` is the configuration that names the helper.
 * `timeout` is in milliseconds. It never throws.
 */
export async function runCredentialHelper(
  name: string,
  registry: string,
  file: string,
  timeout = 15_000,
): Promise<HelperAnswer> {
  // The name becomes part of a program's name: nothing that could lead to another folder.
  if (!namePattern.test(name))
    return { problem: `${file}: ${quote(name)} is no name of a credential helper` };
  const program = `docker-credential-${name}`;
  const ended = await run(program, registry, timeout);
  if ('problem' in ended) return { problem: `${file} names ${program}, which ${ended.problem}` };
  const { status, output } = ended;
  if (status !== 0) {
    if (output.includes(notFound)) return {};
    return { problem: `${program} failed for ${registry}: ${quote(output.trim())}` };
  }
  const answer = answerSchema.safeParse(readJson(output));
  if (!answer.success) return { problem: `${program} answered with something else than Username and Secret` };
  const { Username: user, Secret: secret } = answer.data;
  if (user === '' && secret === '') return {};
  // The protocol's mark for a token in place of a password.
  if (user === '<token>') return { credentials: { kind: 'token', token: secret } };
  return { credentials: { kind: 'password', user, password: secret } };
}

type Ended = { readonly status: number | null; readonly output: string } | { readonly problem: string };

function run(program: string, input: string, timeout: number): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
    const pieces: Buffer[] = [];
    let size = 0;
    const end = (ended: Ended) => {
      clearTimeout(timer);
      resolve(ended);
    };
    const stop = (problem: string) => {
      // The whole group: what the helper itself has started may still hold the pipe.
      if (child.pid !== undefined) killGroup(child.pid);
      // What has left the group is not waited for.
      child.stdout.destroy();
      end({ problem });
    };
    const timer = setTimeout(() => stop(`did not end within ${timeout} ms`), timeout);
    child.stdout.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > outputLimit) stop(`wrote more than ${outputLimit} bytes`);
      else pieces.push(piece);
    });
    child.on('error', (cause) => end({ problem: `cannot be run: ${cause.message}` }));
    child.on('close', (status) => end({ status, output: Buffer.concat(pieces).toString('utf8') }));
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

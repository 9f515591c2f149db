import { type Credentials } from './credential-helper.ts';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SignpostError } from '../../../oci/errors.ts';
import { parseJson } from '../../../oci/parse-json.ts';
import { runCredentialHelper } from './credential-helper.ts';

const fileLimit = 1024 * 1024;
// Docker Hub's credentials are kept under the address of its first API.
const dockerHubKey = 'https://index.docker.io/v1/';

const text = z.string().max(65_536);
// docker and podman write null, or leave out, what they have nothing for.
const entrySchema = z
  .object({
    auth: text.nullish(),
    username: text.nullish(),
    password: text.nullish(),
    identitytoken: text.nullish(),
  })
  .nullish();
const fileSchema = z
  .object({
    // An entry is looked at when it is the one: those of other registries keep nobody from reading this one.
    auths: z.record(text, z.unknown()).nullish(),
    credHelpers: z.record(text, text.nullish()).nullish(),
    credsStore: text.nullish(),
  })
  .nullish();
type CredentialFile = NonNullable<z.output<typeof fileSchema>>;

/** What there is for a repository. */
export interface FoundCredentials {
  readonly credentials: Credentials | undefined;
  /** Why a helper gave none: of interest only when the registry gives nothing to strangers. */
  readonly problem?: string;
}

/**
 * Finds the credentials for a repository in files of the format of docker's config.json and containers-auth.json(5).
 * Files that do not exist are passed over; the first that knows the host counts. A helper that is missing or fails has
 * nothing: what is open to everybody can be read without it.
 * @throws SignpostError CONFIG_INVALID for a damaged file
 */
export async function findCredentials(
  files: readonly string[],
  host: string,
  repository: string,
): Promise<FoundCredentials> {
  const problems: string[] = [];
  for (const file of files) {
    const content = await readCredentialFile(file);
    if (content === undefined) continue;
    const ask = async (helper: string, key: string) => {
      const answer = await runCredentialHelper(helper, key, file);
      if (answer.problem !== undefined) problems.push(answer.problem);
      return answer.credentials;
    };
    const credentials = await findInFile(content, file, host, repository, ask);
    if (credentials !== undefined) return { credentials };
  }
  return { credentials: undefined, ...(problems.length === 0 ? {} : { problem: problems.join('; ') }) };
}

// The order of docker: a host's own helper, the store for all hosts, the file itself.
async function findInFile(
  content: CredentialFile,
  file: string,
  host: string,
  repository: string,
  ask: (helper: string, key: string) => Promise<Credentials | undefined>,
): Promise<Credentials | undefined> {
  const key = host === 'docker.io' || host === 'index.docker.io' ? dockerHubKey : host;
  const own = Object.entries(content.credHelpers ?? {}).find(([name]) => hostOf(name) === hostOf(key))?.[1];
  const helper = own || content.credsStore;
  const stored = helper ? await ask(helper, key) : undefined;
  return stored ?? findEntry(content, file, key, repository);
}

// containers-auth.json(5): the most specific of host/a/b, host/a and host counts.
function findEntry(
  content: CredentialFile,
  file: string,
  key: string,
  repository: string,
): Credentials | undefined {
  const auths = Object.entries(content.auths ?? {});
  const parts = repository.split('/');
  for (let length = parts.length; length > 0; length--) {
    const wanted = `${key}/${parts.slice(0, length).join('/')}`;
    const entry = auths.find(([name]) => name === wanted)?.[1];
    if (entry !== undefined) return readEntry(entry, file, wanted);
  }
  const entry =
    auths.find(([name]) => name === key)?.[1] ?? auths.find(([name]) => hostOf(name) === hostOf(key))?.[1];
  return readEntry(entry, file, key);
}

function readEntry(value: unknown, file: string, key: string): Credentials | undefined {
  const read = entrySchema.safeParse(value);
  if (!read.success) throw invalidFile(file, `auths[${JSON.stringify(key)}]: ${describeIssues(read.error)}`);
  const entry = read.data ?? {};
  if (entry.identitytoken) return { kind: 'token', token: entry.identitytoken };
  if (entry.username) return { kind: 'password', user: entry.username, password: entry.password ?? '' };
  if (!entry.auth) return undefined;
  const decoded = Buffer.from(entry.auth, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = decoded.indexOf(':');
  if (colon < 1) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${file}: auths[${JSON.stringify(key)}].auth is not base64 of "user:password"`,
    );
  }
  return { kind: 'password', user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** `https://host/v1/` and `host` name the same registry. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').replace(/\/v[12]\/?$|\/$/, '');
}

async function readCredentialFile(file: string): Promise<CredentialFile | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    if (['ENOENT', 'ENOTDIR'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new SignpostError('CONFIG_INVALID', `cannot read the credentials: ${(cause as Error).message}`, {
      cause,
    });
  }
  // The content is never quoted: it holds passwords.
  if (bytes.length > fileLimit) throw invalidFile(file, `it is larger than ${fileLimit} bytes`);
  // A byte order mark, which editors on Windows write, is none of the JSON; an empty file is what /dev/null is read as.
  const content = bytes
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .trim();
  if (content === '') return {};
  let value: unknown;
  try {
    value = parseJson(content, file, 'CONFIG_INVALID');
  } catch {
    throw invalidFile(file, 'it is not JSON');
  }
  const result = fileSchema.safeParse(value);
  if (result.success) return result.data ?? {};
  throw invalidFile(file, describeIssues(result.error));
}

function describeIssues({ issues }: z.ZodError): string {
  return issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join(', ');
}

function invalidFile(file: string, message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', `${file} is no file with registry credentials: ${message}`);
}

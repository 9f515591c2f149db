import { readFileSync } from 'node:fs';
import { type SecureContext, createSecureContext, getCACertificates } from 'node:tls';
import { SignpostError } from '../../oci/errors.ts';

/** Whose certificates are trusted. */
export interface TrustAnchors {
  /** The option or setting that names further authorities, for messages. */
  readonly setting: string;
  /** Made when TLS is first spoken: reading the system's authorities takes a while. */
  readonly context: () => SecureContext;
}

/**
 * Trusts the authorities in `files` (PEM) beside Node's own and, with `alsoSystem`, those of the system, which is where an
 * administrator puts those of a house. A server does without: to read them holds everybody up for a fifth of a second, and
 * clients elsewhere do not know them.
 * @throws SignpostError CONFIG_INVALID when a file cannot be used
 */
export function trustAuthorities(
  files: readonly string[],
  setting: string,
  { alsoSystem }: { readonly alsoSystem: boolean },
): TrustAnchors {
  const own = files.map((file) => loadAuthority(file, setting));
  const context = () => {
    // The usual ones are at hand; to read them anew beside others takes 15 ms.
    if (own.length === 0 && !alsoSystem) return createSecureContext();
    const system = alsoSystem ? getCACertificates('system') : [];
    return createSecureContext({ ca: [...new Set([...getCACertificates('default'), ...system, ...own])] });
  };
  return { setting, context: once(context) };
}

/** Trusts the authority in `pem` alone; where it is undefined, those that Node trusts by itself. */
export function trustOnly(pem: string | undefined, setting: string): TrustAnchors {
  return { setting, context: once(() => createSecureContext({ ca: pem })) };
}

function loadAuthority(file: string, setting: string): string {
  const invalid = (problem: string, cause?: unknown) =>
    new SignpostError('CONFIG_INVALID', `${setting}: ${problem}`, { cause });
  let pem: string;
  try {
    pem = readFileSync(file, 'utf8');
  } catch (cause) {
    throw invalid(`cannot read the certificate authority: ${(cause as Error).message}`, cause);
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw invalid(`${file} holds no certificate in PEM`);
  try {
    // What somebody has named is looked at before anything is connected to.
    createSecureContext({ ca: pem });
  } catch (cause) {
    throw invalid(`cannot use ${file}: ${(cause as Error).message}`, cause);
  }
  return pem;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

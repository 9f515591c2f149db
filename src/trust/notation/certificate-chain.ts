import type { Certificate } from './certificate.ts';
import { codeSigning } from './certificate-extensions.ts';
import { describeWeakCertificate } from './certificate-strength.ts';
import { formatTime } from '../../text/format-time.ts';

/** Longer chains are refused. */
export const chainLimit = 8;

/**
 * Why a chain from the leaf to the root is not one that may sign images (Notary Project, signature-specification.md,
 * "Certificate requirements"), at whatever time; undefined when it may. Whether the root is trusted is another question.
 */
export function describeUnfitChain(chain: readonly Certificate[]): string | undefined {
  if (chain.length === 0) return 'there is no certificate';
  if (chain.length > chainLimit) return `there are more than ${chainLimit} certificates`;
  for (const [index, certificate] of chain.entries()) {
    const wrong =
      describeIssue(certificate, chain[index + 1]) ??
      describeWeakCertificate(certificate) ??
      describeUnknown(certificate) ??
      (index === 0 ? describeLeaf(certificate) : describeAuthority(certificate, index - 1));
    if (wrong !== undefined) return `the certificate of "${certificate.name}" ${wrong}`;
  }
  return undefined;
}

/** Which certificate is not valid at one of the times, in milliseconds since the epoch; undefined when all are at each. */
export function describeInvalidTimes(
  chain: readonly Certificate[],
  times: readonly number[],
): string | undefined {
  for (const certificate of chain) {
    const wrong = describeValidity(certificate, times);
    if (wrong !== undefined) return `the certificate of "${certificate.name}" ${wrong}`;
  }
  return undefined;
}

/** Whether `next` issued it; the last of the chain has none, and is its own issuer. */
function describeIssue(certificate: Certificate, next: Certificate | undefined): string | undefined {
  const issuer = next ?? certificate;
  const issued =
    Buffer.from(certificate.issuer).equals(issuer.subject) && certificate.x509.verify(issuer.x509.publicKey);
  if (next === undefined) {
    return issued ? undefined : 'ends the chain and is not self-signed: expected the root there';
  }
  if (!issued) return `was not issued by "${next.name}", which follows it: expected leaf to root`;
  // A root in the middle would hide what follows it.
  return Buffer.from(certificate.issuer).equals(certificate.subject)
    ? 'is self-signed but does not end the chain'
    : undefined;
}

function describeValidity(
  { notBefore, notAfter }: Certificate,
  times: readonly number[],
): string | undefined {
  if (times.some((time) => time < notBefore)) return `is valid only from ${formatTime(notBefore)}`;
  // The last second counts whole (RFC 5280, section 4.1.2.5).
  if (times.some((time) => time >= notAfter + 1000)) {
    return `is valid only until ${formatTime(notAfter)}`;
  }
  return undefined;
}

function describeUnknown({ extensions }: Certificate): string | undefined {
  const [oid] = extensions.unknownCritical;
  return oid === undefined ? undefined : `has the critical extension ${oid}, which is not understood here`;
}

function describeLeaf({ extensions }: Certificate): string | undefined {
  const { keyUsage, basicConstraints, extendedKeyUsage } = extensions;
  if (basicConstraints?.authority === true) return "is an authority's: expected one for signing";
  if (keyUsage?.critical !== true) return 'has no critical key usage';
  if (keyUsage.uses.join() !== 'digitalSignature') {
    return `may be used for ${keyUsage.uses.join(', ') || 'nothing'}: expected digitalSignature alone`;
  }
  // Signing alone: a key that also serves a web site is in too many hands.
  if (extendedKeyUsage !== undefined && extendedKeyUsage.join() !== codeSigning) {
    return 'has an extended key usage other than code signing';
  }
  return undefined;
}

/** `below` is how many intermediate certificates stand between it and the leaf. */
function describeAuthority({ extensions }: Certificate, below: number): string | undefined {
  const { keyUsage, basicConstraints } = extensions;
  if (basicConstraints?.authority !== true || !basicConstraints.critical) {
    return 'is not that of an authority (critical basic constraints)';
  }
  if (keyUsage?.critical !== true || !keyUsage.uses.includes('keyCertSign')) {
    return 'may not sign certificates (critical key usage)';
  }
  const { pathLength } = basicConstraints;
  return pathLength !== undefined && pathLength < below
    ? `allows ${pathLength} authorities below it, and ${below} are there`
    : undefined;
}

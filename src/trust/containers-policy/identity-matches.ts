import { remapPrefix, type AskedImage } from '../verify/signed-name.ts';
import type { SignedIdentity } from './policy.ts';

/** Whether a signature with the docker-reference `signed` counts for an image (containers/image, policy_reference_match.go). */
export function identityMatches(identity: SignedIdentity, asked: AskedImage, signed: string): boolean {
  const name = `${asked.host}/${asked.repository}`;
  switch (identity.type) {
    case 'matchExact':
      return signed === fullName(name, asked);
    case 'matchRepoDigestOrExact':
      return matchesRepoDigestOrExact(name, asked, signed);
    case 'matchRepository':
      return repositoryOf(signed) === name;
    case 'exactReference':
      // A name alone is never enough: it would let any tag pass.
      return signed === identity.dockerReference && repositoryOf(signed) !== signed;
    case 'exactRepository':
      return repositoryOf(signed) === identity.dockerRepository;
    case 'remapIdentity':
      return matchesRepoDigestOrExact(remapPrefix(name, identity), asked, signed);
  }
}

function matchesRepoDigestOrExact(name: string, asked: AskedImage, signed: string): boolean {
  if (asked.reference.includes(':')) return repositoryOf(signed) === name;
  return signed === fullName(name, asked);
}

function fullName(name: string, { reference }: AskedImage): string {
  return `${name}${reference.includes(':') ? '@' : ':'}${reference}`;
}

/** A reference without its tag or digest. */
function repositoryOf(reference: string): string {
  const [named = ''] = reference.split('@');
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/') ? named.slice(0, colon) : named;
}

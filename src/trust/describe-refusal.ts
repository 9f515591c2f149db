import { quote } from '../oci/digest.ts';
import type { Refusal } from './judge-signatures.ts';
import { formatTime } from '../text/format-time.ts';

/** A refusal in words, for people: what was found and what was expected. */
export function describeRefusal(reason: Refusal): string {
  switch (reason.kind) {
    case 'missing':
      return 'there is no signature';
    case 'threshold':
      return `${reason.have} of ${reason.need} keys have signed`;
    case 'forged':
      return `the signature is forged or damaged: ${reason.detail}`;
    case 'unknown-key':
      return `the signature was made by key ${reason.keyId}, which is not among the repository's keys`;
    case 'unusable-key':
      return `the signature was made by key ${reason.fingerprint}, which cannot be used: ${reason.detail}`;
    case 'not-allowed-key':
      return `the signature was made by key ${reason.fingerprint}, which may not sign for the repository`;
    case 'no-expiry':
      return 'the signature never expires: sign again with an expiry';
    case 'expired':
      return `the signature expired on ${formatTime(reason.expires)}: it says that it was made on ${formatTime(reason.created)}; if it was made later, the signer's clock is slow`;
    case 'not-yet-valid':
      return `the signature was made in the future, on ${formatTime(reason.created)}: check the signer's clock and the one here`;
    case 'lives-too-long':
      return `the signature is valid for ${formatDays(reason.life)}: the repository allows ${formatDays(reason.maximum)}`;
    case 'wrong-payload':
      return `the signature holds, but does not sign a container image: ${reason.detail}`;
    case 'wrong-reference':
      return `the signature is for ${quote(reason.found)}, not for ${quote(reason.expected)}`;
    case 'wrong-digest':
      return `the signature is for ${reason.found}, not for ${reason.expected}`;
    case 'wrong-descriptor':
      return `the signature is for a manifest of ${quote(reason.found)}, not of ${quote(reason.expected)}`;
    case 'wrong-serial':
      return `the signature belongs to signing request ${reason.found}, not to ${reason.expected}`;
    case 'too-old':
      return `the signature was made on ${formatTime(reason.created)}: the policy allows ${formatDays(reason.maximum)}`;
    case 'rollback':
      return `the signature belongs to signing request ${reason.found}, but request ${reason.seen} was seen before: this is an older state`;
    case 'conflict':
      return `the signature belongs to signing request ${reason.serial}, which was seen before with ${reason.seen}: two images claim one request`;
  }
}

/** The same for somebody who pulls, and has a policy instead of a repository. */
export function describeVerifyRefusal(reason: Refusal): string {
  switch (reason.kind) {
    case 'no-expiry':
      return 'the signature never expires, and the policy gives no maximumAge';
    case 'unknown-key':
      return `the signature was made by key ${reason.keyId}, which the policy does not know`;
    case 'not-allowed-key':
      return `the signature was made by key ${reason.fingerprint}, which the policy does not allow here`;
    case 'wrong-reference':
      return `the signature is for another name: for ${quote(reason.found)}, not for ${quote(reason.expected)}`;
    case 'missing':
    case 'threshold':
    case 'forged':
    case 'unusable-key':
    case 'wrong-payload':
    case 'wrong-digest':
    case 'wrong-descriptor':
    case 'wrong-serial':
    case 'not-yet-valid':
    case 'expired':
    case 'lives-too-long':
    case 'too-old':
    case 'rollback':
    case 'conflict':
      return describeRefusal(reason);
  }
}

function formatDays(milliseconds: number): string {
  return `${Math.round(milliseconds / 8_640_000) / 10} days`;
}

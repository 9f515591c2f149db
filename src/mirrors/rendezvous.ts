import type { Digest } from '../oci/digest.ts';
import type { AddressWords } from '../net/address.ts';

/**
 * Weighted rendezvous hashing (Thaler and Ravishankar 1998; the logarithmic weights are Schindelhauer and
 * Schomaker's, 2005): every mirror has a score for every request, and the highest wins. A mirror's chance is its
 * share of the weights, and one that leaves gives only its own requests to others.
 */

/** What a request contributes to every score: the client's network and the blob. */
export interface RequestHash {
  readonly first: number;
  readonly second: number;
}

/** The hash of a client network (/24 for IPv4, /48 for IPv6) and a blob. */
export function hashRequest(words: AddressWords, digest: Digest): RequestHash {
  const network =
    words.family === 4
      ? mix((words.a >>> 8) ^ 0x0400_0000)
      : mix(mix(words.a ^ 0x0600_0000) ^ (words.b >>> 16));
  // A digest is already evenly spread: two words of it are taken as they are.
  return {
    first: mix(network ^ hexWord(digest, 7)),
    second: mix(Math.imul(network, 0x9e37_79b1) ^ hexWord(digest, 15)),
  };
}

/** What a mirror contributes: made once for each mirror. */
export function hashMirror(id: number): number {
  return mix(Math.imul(id, 0x9e37_79b1) ^ Math.floor(id / 2 ** 32));
}

/**
 * The score of a mirror with this weight: the highest takes the request. Always above 0, or -1 when it is certain not
 * to be above `floor`: most mirrors of a large tier are, and are spared the logarithm.
 */
export function scoreOf(mirrorHash: number, request: RequestHash, weight: number, floor: number): number {
  const hash = mix(mix(mirrorHash ^ request.first) + request.second);
  // Strictly between 0 and 1, so that the logarithm is finite and not 0.
  const uniform = ((hash >>> 0) + 0.5) / 4_294_967_296;
  // -ln(x) is never below 1 - x. The margin is for rounding.
  if (weight * 1.000001 < floor * (1 - uniform)) return -1;
  return -weight / Math.log(uniform);
}

/**
 * Where a mirror and a request meet, evenly from 0 to 1, whatever the mirror's weight and its score. A mirror is passed
 * over for the requests that it meets at its greatest share or above (docs/adr/0018-greatest-share.md).
 */
export function meetingOf(mirrorHash: number, request: RequestHash): number {
  return (mix(mix(mirrorHash ^ request.second ^ 0x5bd1_e995) + request.first) >>> 0) / 4_294_967_296;
}

/** The finaliser of MurmurHash3: every bit of the input changes every bit of the output with a chance of a half. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return hash ^ (hash >>> 16);
}

/** Eight hexadecimal digits of `text` from `start` on, as 32 bits. */
function hexWord(text: string, start: number): number {
  let word = 0;
  for (let at = start; at < start + 8; at += 1) {
    const code = text.charCodeAt(at);
    word = (word << 4) | (code < 58 ? code - 48 : code - 87);
  }
  return word;
}

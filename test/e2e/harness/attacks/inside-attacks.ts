import type { Attack, TestName } from './attacks.ts';

/** An attack on the side of those who publish: who notices is a command of Signpost. */
export interface InsideAttack extends Attack {
  readonly notices: string;
  readonly tests: readonly TestName[];
}

const sign = 'src/signer/sign-request.test.ts';
const watch = 'src/signer/watch-requests.test.ts';
const accept = 'src/origin/accept/accept-bundle.test.ts';
const readBundle = 'src/origin/accept/read-bundle.test.ts';

export const insideAttacks: readonly InsideAttack[] = [
  {
    words:
      'A requester lies: bytes that are not what the digest says, a list whose manifests are others, a serial that goes back or far ahead',
    notices: '`signpost sign`, `signpost signer`',
    next: 'The whole request is refused with the reason and nothing is signed: the signer derives every digest from the bytes.',
    tests: [
      [sign, 'an image is refused when its list and its manifests do not fit together'],
      [sign, 'a request that is no newer than the record is refused, unless told otherwise'],
      [sign, 'a serial that nobody could come to after the last one is not signed'],
      [sign, 'an edited, an empty and a doubled request are refused'],
    ],
  },
  {
    words: 'A requester asks for what its policy does not allow, or under the name of another one',
    notices: '`signpost signer`',
    next: 'What no rule allows waits for a person; what is ruled out or forged is refused.',
    tests: [
      [watch, 'what nobody vouches for, or no rule is about, waits with the reasons'],
      [watch, 'what is ruled out, forged or goes back is refused with the reason'],
      [watch, 'an approval of another request is worth nothing'],
    ],
  },
  {
    words: 'A request is exchanged on its way to the signer',
    notices: '`signpost accept`',
    next: 'The origin remembers the SHA-256 of every request that it wrote: the bundle answers none of them, and nothing is published.',
    tests: [
      [accept, 'a request that was not written here, or was changed on its way, is accepted by nobody'],
    ],
  },
  {
    words: 'A bundle is replayed, mixed with another one, cut, reordered, or comes from somebody else',
    notices: '`signpost accept`',
    next: 'Nothing of it is published.',
    tests: [
      [accept, 'a replayed bundle is refused, and an older one too'],
      [accept, 'signatures moved to another repository, tag or digest are refused'],
      [readBundle, 'parts of two bundles, another order, a part left out and a header edited are refused'],
      [readBundle, 'with signers configured, an unsealed bundle and a foreign one are refused whole'],
    ],
  },
  {
    words: "The signer's disk is put back from an old backup",
    notices: '`signpost sign`, `signpost signer`; `signpost accept` for TUF and Notary v1',
    next: 'The signer finds its own published signatures in the request, of which its record does not know, and refuses. Told to go on all the same, its metadata has versions that are published already: the origin refuses them.',
    tests: [
      [
        'src/signer/find-forgotten.test.ts',
        'a record that was put back to an older state is noticed, and nothing is signed',
      ],
      [
        'src/cli/signer/signer.test.ts',
        'a signer whose disk was put back to an older state notices, and goes on only when told to',
      ],
      ['test/e2e/metadata.test.ts', 'a signer whose record was put back is found out, and nothing goes back'],
    ],
  },
  {
    words: "The signer's or the requester's clock is wrong, ahead or behind",
    notices: '`signpost signer`; `signpost accept`',
    next: 'A request from the future, an old one, and one for tags that were signed later than now wait for a person. Signatures from the future, and expired ones, are refused by the origin.',
    tests: [
      [watch, 'clocks that are wrong in either direction make a request wait'],
      ['src/trust/judge-signatures.test.ts', 'each thing that can be wrong has its own reason'],
      [accept, 'expired signatures, and those that live too long, are refused'],
      [readBundle, 'a sealed bundle is worth nothing after it expired'],
    ],
  },
  {
    words: 'A stolen OpenPGP key signs, after its revocation is in the files of the origin',
    notices: '`signpost accept`',
    next: 'The bundle is refused: nothing is published.',
    tests: [[accept, 'what a revoked key signed is not published']],
  },
  {
    words: 'One root key of three is stolen and makes a new root for the signer or the origin',
    notices: '`signpost tuf root finish`, `signpost sign`, `signpost accept`',
    next: 'The root is refused: two of the keys before have to sign it.',
    tests: [
      [
        'test/e2e/metadata.test.ts',
        'a new root with other holders is followed, and a thief with one of three keys is not',
      ],
      ['test/e2e/metadata.test.ts', 'a TUF root takes two of three holders, who carry files'],
    ],
  },
];

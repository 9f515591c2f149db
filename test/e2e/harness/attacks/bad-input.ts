import type { TestName } from './attacks.ts';

/** Input that somebody made to be misread, and the tests that show that it is refused and that nothing comes of it. */
export interface BadInput {
  readonly words: string;
  readonly tests: readonly TestName[];
}

const bundles = 'src/origin/accept/bad-bundles.test.ts';
const requests = 'src/signer/bad-requests.test.ts';
const strictJson = 'src/trust/strict-json.test.ts';
const watch = 'src/signer/watch-requests.test.ts';
const openpgp = 'src/adapters/openpgp/signature-reader.test.ts';
const notation = 'src/trust/notation/read-notation.test.ts';
const certificates = 'src/trust/notation/certificate-chain.test.ts';
const sigstore = 'src/trust/sigstore/sigstore.test.ts';
const cosign = 'src/trust/cosign/cosign.test.ts';
const schema1 = 'src/trust/schema1/verify-schema1.test.ts';

const malformedBundle: TestName = [
  bundles,
  'a bundle that is malformed is refused with the reason, and nothing is published',
];
const malformedRequest: TestName = [
  requests,
  'a request that is malformed is refused with the reason, and nothing is signed',
];
const envelopes: TestName = [
  bundles,
  'an envelope of several signatures, of a weak hash or of no signature is refused, and nothing is published',
];
const underCertificates: TestName = [
  'src/origin/accept/accept-notation.test.ts',
  'envelopes under certificates that may not sign images are refused, and nothing is published',
];

export const badInput: readonly BadInput[] = [
  {
    words: 'Requests and bundles that are cut off',
    tests: [
      [requests, 'property: a request that is cut off anywhere is refused, and nothing is signed'],
      [bundles, 'property: a bundle that is cut off anywhere is refused, and nothing is published'],
      [watch, 'a damaged request is refused once it can no longer be on its way'],
    ],
  },
  {
    words: 'Enormous ones',
    tests: [
      malformedBundle,
      [watch, 'rubbish, nested, doubled and enormous requests are refused, links and other names left alone'],
      ['src/trust/hand-off/signing-request.test.ts', 'lines are limited'],
      ['src/oci/manifest.test.ts', 'more than 4 MiB is refused before it is read'],
    ],
  },
  {
    words: 'Deep nesting, keys that are there twice, other encodings than UTF-8, fields that are not known',
    tests: [
      malformedBundle,
      malformedRequest,
      [strictJson, 'duplicate keys are refused, however they are spelled and wherever they are'],
      [strictJson, 'depth, trailing bytes, other encodings and broken JSON are refused'],
      [cosign, 'a payload with doubled keys, unknown ones, another type or other spellings is refused'],
      [sigstore, 'a statement about several images, with a predicate, or with doubled keys is refused'],
      ['src/trust/hand-off/approval.test.ts', 'anything that is not just an approval is refused'],
    ],
  },
  {
    words: 'Algorithms that are not known',
    tests: [
      envelopes,
      [notation, 'protected headers say what is understood here, and nothing else'],
      [schema1, 'damaged and forged copies are refused, each with its reason'],
      ['src/trust/verifying-key.test.ts', 'what is no public key on P-256 is refused, and said what it is'],
    ],
  },
  {
    words: 'Weak keys and hashes: RSA under 2048 bits, SHA-1, MD5',
    tests: [
      envelopes,
      [
        openpgp,
        'key files that are private, weak, of a kind that clients do not know, or none are refused by name',
      ],
      [openpgp, 'everything that is not exactly one strong signed message is forged'],
      [certificates, 'every rule has a reason of its own'],
      [certificates, 'a certificate that was signed with MD5 is refused for that'],
      [
        'src/adapters/keys/file-seal-signer.test.ts',
        'keys of other kinds, private ones where public ones belong, and rubbish are refused',
      ],
    ],
  },
  {
    words: 'Several signatures in one message',
    tests: [
      envelopes,
      [notation, 'damaged copies are refused, each for its own reason'],
      [sigstore, 'a bundle with more in it than is verified here is refused'],
    ],
  },
  {
    words: 'Certificates that have expired, are not yet valid, or are for something else',
    tests: [
      underCertificates,
      [certificates, 'every rule has a reason of its own'],
      [certificates, 'each of the times counts'],
    ],
  },
  {
    words: 'One bit that is another one, anywhere that is signed or hashed',
    tests: [
      [openpgp, 'property: no flipped bit verifies with other content'],
      [cosign, 'property: no flipped bit in payload, signature or envelope verifies'],
      [sigstore, 'property: no flipped bit in payload, signature or bundle verifies'],
      [notation, 'property: no flipped bit verifies'],
      [schema1, 'property: no flipped bit verifies'],
      ['src/trust/tuf/verify-publication.test.ts', 'no flipped bit in any file verifies'],
      ['src/trust/notary-v1/verify-collection.test.ts', 'no flipped bit in any file verifies'],
      [
        'src/adapters/keys/file-seal-signer.test.ts',
        'property: no flipped bit of a seal or of what it seals holds',
      ],
      [
        'src/trust/hand-off/signing-request.test.ts',
        'property: a request that is cut off, lengthened or changed anywhere is refused',
      ],
      [requests, 'property: no flipped bit in a list or a manifest is signed as what it was'],
      [
        'src/origin/accept/read-bundle.test.ts',
        'property: no byte of a sealed bundle can be changed, even under a checksum that is right',
      ],
      [
        'src/origin/publish/flipped-bits.test.ts',
        'property: no flipped bit in a manifest, a config or a layer is staged',
      ],
    ],
  },
];

/** An attack on those who pull: a row of docs/attacks.md, and what happens to whom. */
export interface Attack {
  /** What the attacker does. */
  readonly words: string;
  /** What happens next. */
  readonly next: string;
  /** Tests beside the one that plays it against the clients: file and title. */
  readonly tests?: readonly TestName[];
}

/** `path/of/the.test.ts` and the title of a test in it. */
export type TestName = readonly [file: string, title: string];

const verify = 'src/cli/client/verify.slow.test.ts';
const podmanAndSkopeo = 'test/e2e/verify.test.ts';

/** In the order in which the page has them. */
export const attacks = {
  mirrorBytes: {
    words: 'A mirror sends wrong bytes',
    next:
      'The pull ends with an error, or goes on at another mirror. Probes take the mirror out within seconds, and it stays ' +
      'out until it passes a full check. Clients that read no blob have nothing to notice.',
    tests: [
      [
        'test/e2e/faults.test.ts',
        'takes no wrong byte, is led around it, and finds it again when it is repaired',
      ],
      [verify, 'a blob with other bytes'],
      [
        'src/server/probe/prober.test.ts',
        'wants a full check after wrong bytes: several blobs, the small ones whole',
      ],
    ],
  },
  unsigned: {
    words: 'The Mirror List serves an image that nobody signed',
    next: 'Clients that demand a signature end with an error; docker and containerd alone take it. TUF and Notary v1 name the digest of the right image, which is pulled instead.',
    tests: [
      [podmanAndSkopeo, 'refuses an image whose signatures a hostile Mirror List has removed'],
      [podmanAndSkopeo, 'cannot even see an image that is staged and not signed'],
    ],
  },
  stranger: {
    words: 'The Mirror List serves an image, and metadata, that somebody else signed',
    next: 'The keys are others: the pull ends.',
    tests: [
      [podmanAndSkopeo, 'refuses an image that a hostile Mirror List has signed itself'],
      [podmanAndSkopeo, 'refuses the signed image when the policy wants another key'],
      [verify, 'a signature by a key that the policy does not know'],
    ],
  },
  strangerNew: {
    words: 'The same, for clients that have never been here',
    next: 'notary and docker with content trust believe the first root that they see, unless a root is pinned in their settings. All others are told their keys beforehand.',
  },
  older: {
    words: 'The Mirror List moves the tag back to an older image, whose signatures for this tag still live',
    next: 'Who looks at signatures alone takes it until they expire. `signpost verify` remembers what it saw; TUF and Notary v1 name the newest image, and it is pulled.',
    tests: [[verify, 'a state that was seen before and is held back is a rollback']],
  },
  otherRepository: {
    words: "The Mirror List serves another repository's image, signed for there",
    next: 'The name in the signature is another one: the pull ends. cosign does not look at the name: its policy would have to (`signpost verify` reads cosign signatures too).',
  },
  otherTag: {
    words: "The Mirror List serves another tag's image, signed for that tag",
    next: 'The tag in the signature is another one: the pull ends. cosign does not look at the tag, nor does notation without `-m`.',
    tests: [
      [podmanAndSkopeo, 'refuses a tag that a hostile Mirror List moved to an older signed image'],
      [verify, 'a tag that was moved to an older signed image'],
    ],
  },
  otherTagLoosely: {
    words: 'The same, for a policy.json with `matchRepository`',
    next: 'Taken: say `matchRepoDigestOrExact`, which is the default and what `signpost trust export` writes.',
  },
  frozenSeen: {
    words: 'The Mirror List goes back to an older state as a whole, for clients that have seen the newer one',
    next: 'Whoever remembers refuses. podman and skopeo remember nothing, and take it until the signatures expire.',
    tests: [
      [verify, 'a state that was seen before and is held back is a rollback'],
      ['src/trust/tuf/verify-publication.test.ts', 'an older state is refused, whole or in part'],
    ],
  },
  frozenNew: {
    words: 'The same, for clients that have seen nothing newer',
    next: 'Nobody can notice before something expires: in TUF and Notary v1 the timestamp, after days; else the signature.',
  },
  frozenExpired: {
    words:
      'A frozen state whose signatures and timestamps have expired; or a good one, and the clock of the client is ahead',
    next: "podman, skopeo, notation, TUF, Notary v1 and `signpost verify` end with an error. cosign's formats carry an expiry that clients do not look at.",
    tests: [
      [podmanAndSkopeo, 'refuses an image whose signature has expired'],
      [verify, 'a signature that has expired'],
      [
        'src/trust/tuf/verify-publication.test.ts',
        'a frozen state is refused once its timestamp has expired',
      ],
    ],
  },
  clockBehind: {
    words:
      'The clock of the client is behind: OpenPGP signatures come from the future, and TUF metadata that has expired looks current',
    next: 'gpg, and so podman and skopeo, take signatures from the future; `signpost verify` forgives five minutes. TUF has no such date: with a clock that is behind, clients that have seen nothing newer take a state that has expired.',
    tests: [
      [
        'src/trust/verify/judge-requirement.test.ts',
        'every way in which a signature can be bad has a reason and words of its own',
      ],
    ],
  },
  mix: {
    words:
      'The Mirror List mixes two publications: the newest images with the signatures and metadata before them',
    next: 'Signatures of another digest count for nothing, and versions, hashes and lengths of the metadata do not fit together: the pull ends.',
    tests: [
      [podmanAndSkopeo, 'refuses an image that carries the signatures of another one'],
      ['src/trust/tuf/verify-publication.test.ts', 'a mix of two publications is refused'],
    ],
  },
  endless: {
    words: 'The Mirror List sends manifests and timestamps without an end',
    next: 'Clients with a limit stop there. Those without read as long as something comes: their memory is the limit.',
    tests: [[verify, 'endless data in place of the list, the signatures and a referrer']],
  },
  endlessSignatures: {
    words: 'The Mirror List sends signatures without an end',
    next: 'As above.',
    tests: [[verify, 'endless data in place of the list, the signatures and a referrer']],
  },
  foreignManifest: {
    words: 'The Mirror List makes up a list that names a manifest of its own',
    next: 'The manifest that it names has no signature, nor does the list: the pull ends.',
    tests: [
      [verify, 'a list that names a foreign manifest'],
      [
        'src/origin/accept/accept-bundle.test.ts',
        'a bundle that lacks a manifest, signs a foreign one, or answers for another list is refused',
      ],
      [
        'src/signer/sign-request.test.ts',
        'an image is refused when its list and its manifests do not fit together',
      ],
    ],
  },
  foreignSigned: {
    words: 'The Mirror List makes up a list that names an older manifest, signed for the same tag',
    next: 'podman and skopeo, even with `--all`, look for the signatures of manifests and never for that of the list: they take it until it expires. Who verifies the list refuses.',
  },
  stolenTimestamp: {
    words:
      'The key of the timestamp role is stolen, and a state that has expired is said to be current, for clients that have seen nothing newer',
    next: 'New clients can be held at that state until its snapshot role expires. No image can be named that was not signed. The next root replaces the key.',
    tests: [
      ['src/trust/tuf/verify-publication.test.ts', 'a stolen timestamp key cannot make up a snapshot'],
      ['src/trust/tuf/verify-publication.test.ts', 'new timestamp keys end a fast-forward by the old ones'],
    ],
  },
  stolenTimestampSeen: {
    words: 'The same key, for clients that have seen the newer state',
    next: 'The snapshot is older than the one they have: they refuse.',
  },
  stolenSnapshot: {
    words:
      'The keys of the timestamp and the snapshot role are stolen, and an older state of one repository is put among the newest, for clients that have seen nothing newer',
    next: 'New clients take the older tags of that repository until its targets role expires. The next root replaces both keys.',
  },
  stolenSnapshotSeen: {
    words: 'The same two keys, for clients that have seen the newer state',
    next: "TUF clients compare the version of the repository's role with the one they have, and refuse. notary and docker do not compare those of delegated roles, and take it.",
  },
  stolenSnapshotName: {
    words: 'The same keys are stolen, and an image of the thief is named',
    next: 'Tags are signed by the targets role, whose key the thief does not have: refused.',
  },
  stolenRoot: {
    words: 'One root key of three, of which two have to sign, is stolen and makes a new root',
    next: 'The new root is refused. The other two make the next one without the stolen key.',
    tests: [
      [
        'test/e2e/metadata.test.ts',
        'a new root with other holders is followed, and a thief with one of three keys is not',
      ],
      [
        'src/trust/tuf/verify-publication.test.ts',
        'a root is followed one version at a time, by the threshold of the one before',
      ],
    ],
  },
  stolenOpenPgp: {
    words: 'The OpenPGP key is stolen and signs an image of the thief; clients do not know yet',
    next: 'Taken by whoever looks at this key alone. Nobody looks revocations up: replace the key in the files of clients, or demand two keys, two formats, or TUF beside it.',
    tests: [
      [
        'src/adapters/openpgp/stock-client.test.ts',
        'skopeo believes a key until its own copy of the key is revoked',
      ],
    ],
  },
  revokedOpenPgp: {
    words: 'The same, and the revoked key is in the files of the clients',
    next: 'Refused. What the key signed before has to be signed again with another one ([signing.md](signing.md)).',
    tests: [['src/adapters/openpgp/signature-reader.test.ts', 'revoked and expired keys are of no use']],
  },
} as const satisfies Readonly<Record<string, Attack>>;

export type AttackName = keyof typeof attacks;

import { SignpostError } from '../../oci/errors.ts';
import {
  type Read,
  type Reader,
  constantOf,
  listOf,
  mapOf,
  objectOf,
  partOf,
  readBase64,
  textUpTo,
  variantOf,
} from '../json-reader.ts';

const text = textUpTo(4096, 'a text that is not empty', 1);
const listed = <T>(read: Reader<T>) => listOf(read, 1, 64);
const kind = <const T extends string>(type: T) => ({ type: constantOf(type) });

/** Which name a signature has to carry (containers-policy.json(5), "signedIdentity"). */
export type SignedIdentity = Read<typeof readIdentity>;
const readIdentity = variantOf('type', {
  matchRepoDigestOrExact: objectOf(kind('matchRepoDigestOrExact')),
  matchExact: objectOf(kind('matchExact')),
  matchRepository: objectOf(kind('matchRepository')),
  exactReference: objectOf({ ...kind('exactReference'), dockerReference: text }),
  exactRepository: objectOf({ ...kind('exactRepository'), dockerRepository: text }),
  remapIdentity: objectOf({ ...kind('remapIdentity'), prefix: text, signedPrefix: text }),
});

/** Where the keys of a requirement are: OpenPGP key rings, any of whose keys may sign. */
export type SigningKeys =
  | { readonly keyPaths: readonly string[] }
  /** The key ring itself. */
  | { readonly keyData: Uint8Array };

const readSignedBy = objectOf(
  { ...kind('signedBy'), keyType: constantOf('GPGKeys') },
  { keyPath: text, keyPaths: listed(text), keyData: readBase64, signedIdentity: readIdentity },
);

/** One requirement; all of a scope must hold. */
export type PolicyRequirement = Read<typeof readRequirement>;
const readRequirement = variantOf('type', {
  insecureAcceptAnything: objectOf(kind('insecureAcceptAnything')),
  reject: objectOf(kind('reject')),
  signedBy(value, where) {
    const { type, keyPath, keyPaths, keyData, signedIdentity } = readSignedBy(value, where);
    const given: readonly (SigningKeys | undefined)[] = [
      keyPath === undefined ? undefined : { keyPaths: [keyPath] },
      keyPaths && { keyPaths },
      keyData && { keyData },
    ];
    const [keys, ...more] = given.filter((one) => one !== undefined);
    if (keys === undefined || more.length > 0) {
      throw new SignpostError(
        'REQUEST_INVALID',
        `${where} must have exactly one of "keyPath", "keyPaths" and "keyData"`,
      );
    }
    const identity: SignedIdentity = signedIdentity ?? { type: 'matchRepoDigestOrExact' };
    return { type, keys, signedIdentity: identity };
  },
  /** A kind that is known, and that Signpost does not judge: nothing satisfies it. */
  sigstoreSigned: partOf(kind('sigstoreSigned')),
});

const readRequirements = listed(readRequirement);

/** What a policy.json file has. */
export const readPolicy = objectOf(
  { default: readRequirements },
  { transports: mapOf(mapOf(readRequirements)) },
);

/** A policy.json file, as far as it concerns images in registries. */
export interface ContainersPolicy {
  readonly default: readonly PolicyRequirement[];
  /** By scope; "" is the default of the transport. */
  readonly docker: ReadonlyMap<string, readonly PolicyRequirement[]>;
}

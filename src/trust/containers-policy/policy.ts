/** Which name a signature has to carry (containers-policy.json(5), "signedIdentity"). */
export type SignedIdentity =
  | { readonly type: 'matchRepoDigestOrExact' | 'matchExact' | 'matchRepository' }
  | { readonly type: 'exactReference'; readonly dockerReference: string }
  | { readonly type: 'exactRepository'; readonly dockerRepository: string }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string };

/** Where the keys of a requirement are: OpenPGP key rings, any of whose keys may sign. */
export type SigningKeys =
  | { readonly keyPaths: readonly string[] }
  /** The key ring itself. */
  | { readonly keyData: Uint8Array };

/** One requirement; all of a scope must hold. */
export type PolicyRequirement =
  | { readonly type: 'insecureAcceptAnything' | 'reject' }
  | { readonly type: 'signedBy'; readonly keys: SigningKeys; readonly signedIdentity: SignedIdentity }
  /** A kind that is known, and that Signpost does not judge: nothing satisfies it. */
  | { readonly type: 'sigstoreSigned' };

/** A policy.json file, as far as it concerns images in registries. */
export interface ContainersPolicy {
  readonly default: readonly PolicyRequirement[];
  /** By scope; "" is the default of the transport. */
  readonly docker: ReadonlyMap<string, readonly PolicyRequirement[]>;
}

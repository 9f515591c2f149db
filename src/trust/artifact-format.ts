import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { TagName } from '../oci/reference.ts';
import type { SignatureFormat } from './signature-format.ts';

/** An envelope that was verified, and all that is said of it outside. */
export interface VerifiedEnvelope {
  readonly envelope: Uint8Array;
  /** Milliseconds since the epoch, as signed. */
  readonly created: number;
}

/** What a registry holds for a signature: nothing in it that is not signed matters to anybody. */
export interface SignatureArtifact {
  readonly mediaType: string;
  /** The manifest. */
  readonly bytes: Uint8Array;
  /** The config and the layers. */
  readonly blobs: readonly Uint8Array[];
}

/** A format whose signatures are themselves published as artifacts of the signed image's repository. */
export interface ArtifactFormat {
  readonly format: SignatureFormat;
  /** How clients find them: by a tag made of the digest, or among the referrers of the digest. */
  readonly found:
    | { readonly by: 'tag'; readonly tagOf: (digest: Digest) => TagName }
    | { readonly by: 'referrers'; readonly artifactType: string };
  /** Artifacts around all valid envelopes of a digest: exactly one where they are found by tag. */
  compose(
    subject: Pick<Descriptor, 'digest' | 'mediaType' | 'size'>,
    envelopes: readonly VerifiedEnvelope[],
  ): readonly SignatureArtifact[];
  /** The envelope that a layer of such an artifact holds; undefined when it holds none. */
  toEnvelope(layer: Descriptor, blob: Uint8Array): Uint8Array | undefined;
}

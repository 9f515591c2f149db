import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { SignatureFormat } from '../trust/signature-format.ts';
import type { Judgement } from '../trust/verify/judge-requirement.ts';
import type { SeenTag } from '../trust/judge-signature.ts';
import type { AskedImage } from '../trust/verify/signed-name.ts';

/** What there is of one format; a reason when what the registry gave is no signatures at all. */
export type FoundEnvelopes = readonly Uint8Array[] | { readonly wrong: string };

/** One list or manifest whose signatures are to be judged. */
interface JudgedContent {
  readonly asked: AskedImage;
  readonly content: Pick<Descriptor, 'digest' | 'mediaType' | 'size'>;
  /** What the name leads to. */
  readonly list: Digest;
  readonly seen?: SeenTag;
  readonly envelopes: ReadonlyMap<SignatureFormat, FoundEnvelopes>;
}

/** The policy for one image, whichever kind of file it comes from. */
export interface ChainPolicy {
  /** Which formats it looks at. */
  readonly formats: readonly SignatureFormat[];
  /** Whether its judgements have serials, so that an older state can be told. */
  readonly tellsSerials: boolean;
  /** `now` is in milliseconds since the epoch. */
  judge(content: JudgedContent, now: number): Promise<Judgement>;
}

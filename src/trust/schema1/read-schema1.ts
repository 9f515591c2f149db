import { type Digest, digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { manifestLimit } from '../../oci/manifest.ts';
import {
  constantOf,
  countOf,
  listOf,
  objectOf,
  readAnything,
  readBase64Url,
  readDigest,
  readObject,
  textOf,
  textUpTo,
} from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';

/** A Docker schema 1 manifest, taken apart. None of its signatures is checked yet. */
export interface Schema1Manifest {
  /** What is signed. */
  readonly payload: Uint8Array;
  /** Of the payload: registries name such a manifest by the digest that it has without its signatures. */
  readonly digest: Digest;
  readonly architecture: string;
  /** The layers, each once. */
  readonly layers: readonly Digest[];
  readonly signatures: readonly Schema1Signature[];
}

/** One embedded signature: a JSON Web Signature of libtrust. */
export interface Schema1Signature {
  readonly header: unknown;
  /** As it is signed, in base64url. */
  readonly protected: string;
  readonly signature: Uint8Array;
  /** RFC 3339; the signer's word alone. */
  readonly time: string;
}

const signaturesLimit = 16;
const layersLimit = 512;

/**
 * Reads a signed manifest (distribution, docs/spec/manifest-v2-1.md, "Signed Manifests"). The signed bytes are its first
 * `formatLength` bytes and then `formatTail`; they have to say what the manifest says beside its signatures, so that
 * nobody reads something else than was signed. Takes hostile bytes.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readSchema1(bytes: Uint8Array): Schema1Manifest {
  if (bytes.length > manifestLimit) {
    throw new SignpostError('LIMIT_EXCEEDED', `the manifest has more than ${manifestLimit} bytes`);
  }
  const { signatures, ...content } = readObject(parseStrictJson(bytes, 'the manifest'), 'the manifest');
  if (signatures === undefined) throw invalid('the manifest has no embedded signature');
  const read = readSignatures(signatures, 'the manifest signatures');
  const payload = joinPayload(bytes, read);
  if (JSON.stringify(parseStrictJson(payload, 'what is signed')) !== JSON.stringify(content)) {
    throw invalid('what is signed is not what the manifest says');
  }
  return { payload, digest: digestOf(payload), ...readContent(content), signatures: read };
}

interface FormattedSignature extends Schema1Signature {
  readonly formatLength: number;
  readonly formatTail: Uint8Array;
}

const readFormat = objectOf({
  formatLength: countOf('a number of bytes'),
  formatTail: readBase64Url,
  time: textOf(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/, 'a time as in RFC 3339'),
});
const readParts = objectOf({ header: readAnything, signature: readBase64Url, protected: readAnything });
const readSignatures = listOf(readSignature, 1, signaturesLimit);

function readSignature(value: unknown, where: string): FormattedSignature {
  const { header, signature, protected: encoded } = readParts(value, where);
  const format = readBase64Url(encoded, `${where} protected`);
  return {
    header,
    signature,
    protected: encoded as string,
    ...readFormat(parseStrictJson(format, `${where} protected`), `${where} protected`),
  };
}

// libtrust, jsonsign.go, ParsePrettySignature: all signatures are over the same bytes.
function joinPayload(bytes: Uint8Array, signatures: readonly FormattedSignature[]): Uint8Array {
  const payloads = signatures.map(({ formatLength, formatTail }) => {
    if (formatLength >= bytes.length) {
      throw invalid(`formatLength is ${formatLength}: the manifest has ${bytes.length} bytes`);
    }
    return Buffer.concat([bytes.subarray(0, formatLength), formatTail]);
  });
  const [first = Buffer.alloc(0), ...others] = payloads;
  if (others.every((other) => other.equals(first))) return first;
  throw invalid('the signatures are not over the same bytes');
}

const readText = textUpTo(Infinity, 'text');
const readLayers = objectOf({
  schemaVersion: constantOf(1),
  name: readText,
  tag: readText,
  architecture: readText,
  fsLayers: listOf(objectOf({ blobSum: readDigest }), 1, layersLimit),
  history: listOf(objectOf({ v1Compatibility: readText }), 1, layersLimit),
});

function readContent(content: unknown) {
  const { architecture, fsLayers, history } = readLayers(content, 'the manifest');
  if (history.length !== fsLayers.length) {
    throw invalid(`there are ${fsLayers.length} layers and ${history.length} entries of history`);
  }
  return { architecture, layers: [...new Set(fsLayers.map(({ blobSum }) => blobSum))] };
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}

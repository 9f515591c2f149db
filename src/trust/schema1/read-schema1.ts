import { type Digest, digestOf, isDigest, quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { readBase64Url } from '../base64url.ts';
import { manifestLimit } from '../../oci/manifest.ts';
import { isArray, isCount, parseStrictJson, readField, readFields } from '../strict-json.ts';

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
  const document = parseStrictJson(bytes, 'the manifest');
  if (typeof document !== 'object' || document === null || isArray(document)) {
    throw invalid(`the manifest is ${quote(document)}: expected an object`);
  }
  const { signatures, ...content } = document as Record<string, unknown>;
  if (signatures === undefined) throw invalid('the manifest has no embedded signature');
  if (!isArray(signatures) || signatures.length === 0 || signatures.length > signaturesLimit) {
    throw invalid(`signatures is ${quote(signatures)}: expected 1 to ${signaturesLimit} of them`);
  }
  const read = signatures.map((signature, index) => readSignature(signature, `signatures[${index}]`));
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

function readSignature(value: unknown, where: string): FormattedSignature {
  const fields = readFields(value, ['header', 'signature', 'protected'] as const, where);
  const format = readFields(
    parseStrictJson(readBase64Url(fields.protected, `${where}.protected`), `${where}.protected`),
    ['formatLength', 'formatTail', 'time'] as const,
    `${where}.protected`,
  );
  return {
    header: fields.header,
    protected: fields.protected as string,
    signature: readBase64Url(fields.signature, `${where}.signature`),
    formatLength: readField(format.formatLength, isCount, 'a number of bytes', `${where}.formatLength`),
    formatTail: readBase64Url(format.formatTail, `${where}.formatTail`),
    time: readField(format.time, isTime, 'a time as in RFC 3339', `${where}.time`),
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

function readContent(content: Record<string, unknown>) {
  const fields = readFields(
    content,
    ['schemaVersion', 'name', 'tag', 'architecture', 'fsLayers', 'history'] as const,
    'the manifest',
  );
  if (fields.schemaVersion !== 1)
    throw invalid(`schemaVersion is ${quote(fields.schemaVersion)}: expected 1`);
  for (const name of ['name', 'tag'] as const) readField(fields[name], isText, 'text', name);
  const fsLayers = readField(fields.fsLayers, isLayerList, `1 to ${layersLimit} layers`, 'fsLayers');
  const history = readField(fields.history, isLayerList, `1 to ${layersLimit} entries`, 'history');
  if (history.length !== fsLayers.length) {
    throw invalid(`there are ${fsLayers.length} layers and ${history.length} entries of history`);
  }
  for (const [index, entry] of history.entries()) {
    const { v1Compatibility } = readFields(entry, ['v1Compatibility'] as const, `history[${index}]`);
    readField(v1Compatibility, isText, 'text', `history[${index}].v1Compatibility`);
  }
  const layers = fsLayers.map((layer, index) => {
    const { blobSum } = readFields(layer, ['blobSum'] as const, `fsLayers[${index}]`);
    return readField(blobSum, isDigest, 'a digest', `fsLayers[${index}].blobSum`);
  });
  return {
    architecture: readField(fields.architecture, isText, 'text', 'architecture'),
    layers: [...new Set(layers)],
  };
}

function isLayerList(value: unknown): value is readonly unknown[] {
  return isArray(value) && value.length > 0 && value.length <= layersLimit;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/.test(value)
  );
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}

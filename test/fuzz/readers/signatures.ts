import { generateKeyPairSync, sign } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSignatureReader } from '../../../src/adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../../../src/trust/signature-readers.ts';
import { parsePublicKeys } from '../../../src/adapters/openpgp/public-keys.ts';
import { parseCertificates } from '../../../src/adapters/keys/certificate-files.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { approvalMessage, formatApproval, parseApproval } from '../../../src/trust/hand-off/approval.ts';
import { parseContainersPolicy } from '../../../src/trust/containers-policy/parse-policy.ts';
import { readContainersPayload } from '../../../src/trust/containers-policy/read-payload.ts';
import { parseCosignPayload } from '../../../src/trust/cosign/cosign-payload.ts';
import { readCosign } from '../../../src/trust/cosign/read-cosign.ts';
import { readDer, readDerList } from '../../../src/trust/der.ts';
import { parseCertificate } from '../../../src/trust/notation/certificate.ts';
import { parseJws } from '../../../src/trust/notation/jws.ts';
import { parseNotationPayload } from '../../../src/trust/notation/notation-payload.ts';
import { parseProtectedHeader } from '../../../src/trust/notation/protected-header.ts';
import { readNotation } from '../../../src/trust/notation/read-notation.ts';
import { parseSealKey } from '../../../src/trust/hand-off/seal.ts';
import { parseSimpleSigning } from '../../../src/trust/simple-signing.ts';
import { parseImageStatement } from '../../../src/trust/sigstore/image-statement.ts';
import { readSigstore } from '../../../src/trust/sigstore/read-sigstore.ts';
import { verifySchema1 } from '../../../src/trust/schema1/verify-schema1.ts';
import { parseVerifyingKeys } from '../../../src/trust/verifying-key.ts';
import { cosignVectorKeys, readCosignVector } from '../../fakes/cosign-vectors.ts';
import { notationVectorRoots, notationVectorTime, readNotationVector } from '../../fakes/notation-vectors.ts';
import { readVector, vectorClock, vectorFile } from '../../fakes/vectors.ts';
import type { FuzzReader } from '../reader.ts';

const schema1 = join(import.meta.dirname, '../../vectors/schema1');
const pem = (name: string) => readNotationVector(name).toString();
const der = (text: string) => Buffer.from(text.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
const cosignKeys = cosignVectorKeys('key.pub');
const roots = notationVectorRoots('root.pem');

/** Signatures, their payloads, keys and policies. */
export async function createSignatureReaders(): Promise<readonly FuzzReader[]> {
  const openpgp = createSimpleReader(
    await createSignatureReader([vectorFile('both.asc')], { compressed: true }),
  );
  const jws = readNotationVector('chain.json');
  const { protected: header, payload } = JSON.parse(jws.toString()) as { protected: string; payload: string };
  const bundle = readCosignVector('bundle.json');
  const { dsseEnvelope } = JSON.parse(bundle.toString()) as { dsseEnvelope: { payload: string } };
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const key = parseSealKey(publicKey.export({ format: 'pem', type: 'spki' }), 'alice.pub');
  const content = { request: digestOf('a request'), created: 1_767_225_600 };
  const seal = { key: key.id, signature: sign(undefined, approvalMessage(content), privateKey) };
  return [
    {
      name: 'openpgp-signature',
      seeds: ['ed25519-expiring.sig', 'rsa3072-expiring.sig', 'subkey.sig', 'bad-compressed.sig'].map(
        readVector,
      ),
      read: (bytes) => openpgp.read(bytes, vectorClock.now()),
    },
    {
      name: 'openpgp-keys',
      seeds: ['ed25519.pgp', 'both.asc', 'subkey.pgp', 'revoked.pgp'].map(readVector),
      read: (bytes) => parsePublicKeys([{ name: 'the keys', bytes }]),
    },
    { name: 'simple-signing', seeds: [readVector('payload.json')], read: parseSimpleSigning },
    { name: 'containers-payload', seeds: [readVector('payload.json')], read: readContainersPayload },
    {
      name: 'cosign-envelope',
      seeds: [readCosignVector('attached.json')],
      read: (bytes) => readCosign(bytes, cosignKeys),
    },
    { name: 'cosign-payload', seeds: [readCosignVector('attached-payload.json')], read: parseCosignPayload },
    {
      name: 'sigstore-bundle',
      seeds: [bundle, readCosignVector('bundle-plain.json')],
      read: (bytes) => readSigstore(bytes, cosignKeys),
    },
    {
      name: 'sigstore-statement',
      seeds: [Buffer.from(dsseEnvelope.payload, 'base64')],
      read: parseImageStatement,
    },
    {
      name: 'jws',
      seeds: [jws, readNotationVector('plain.json')],
      read(bytes) {
        parseJws(bytes);
        return readNotation(bytes, roots, notationVectorTime);
      },
    },
    { name: 'jws-header', seeds: [Buffer.from(header, 'base64url')], read: parseProtectedHeader },
    { name: 'jws-payload', seeds: [Buffer.from(payload, 'base64url')], read: parseNotationPayload },
    { name: 'certificate', seeds: [der(pem('root.pem')), der(pem('alone.pem'))], read: parseCertificate },
    { name: 'der', seeds: [der(pem('root.pem'))], read: (bytes) => readDerList(readDer(bytes, 0x30).body) },
    {
      name: 'certificate-file',
      seeds: [pem('chain.pem')],
      read: (bytes) => parseCertificates(bytes, 'the file'),
    },
    {
      name: 'public-key-file',
      seeds: [readCosignVector('key.pub')],
      read: (bytes) => parseVerifyingKeys(bytes, 'the file'),
    },
    {
      name: 'schema1',
      seeds: readdirSync(schema1)
        .filter((name) => name.endsWith('.json') && name !== 'payload.json')
        .map((name) => readFileSync(join(schema1, name))),
      read: verifySchema1,
    },
    { name: 'approval', seeds: [formatApproval({ ...content, seal })], read: parseApproval },
    {
      name: 'containers-policy',
      seeds: [
        JSON.stringify({
          default: [{ type: 'reject' }],
          transports: {
            docker: {
              'images.example.org': [
                {
                  type: 'signedBy',
                  keyType: 'GPGKeys',
                  keyPath: '/key',
                  signedIdentity: { type: 'matchRepository' },
                },
                {
                  type: 'sigstoreSigned',
                  keyPath: '/key',
                  signedIdentity: { type: 'remapIdentity', prefix: 'a', signedPrefix: 'b' },
                },
              ],
            },
          },
        }),
      ],
      read: (bytes) => parseContainersPolicy(bytes, 'policy.json'),
    },
  ];
}

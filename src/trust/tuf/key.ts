import {
  type KeyObject,
  type VerifyKeyObjectInput,
  constants,
  createHash,
  createPublicKey,
  verify,
} from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import { canonicalJson } from '../canonical-json.ts';

/** A public key as TUF 1.0 writes it (section 4.2). Signpost writes the first two schemes and verifies {@link schemes}. */
export interface TufKey {
  readonly keytype: string;
  readonly scheme: string;
  /** The SPKI in PEM, of Ed25519 the 32 bytes in hexadecimal. */
  readonly keyval: { readonly public: string };
}

/** A key that can be verified with. */
export interface OpenedKey {
  /** The same for the same key, whatever name it goes by. */
  readonly identity: string;
  /** The signature as metadata has it: in hexadecimal, or of Notary v1 in base64. */
  holds(bytes: Uint8Array, signature: string): boolean;
}

/** RFC 8410, section 4: what comes before the 32 bytes of an Ed25519 key in its SPKI. */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

interface Scheme {
  readonly keytypes: readonly string[];
  readonly hash: string | null;
  readonly options?: Omit<VerifyKeyObjectInput, 'key'>;
  /** Whether the key is of the kind that the scheme is for. */
  readonly fits: (key: KeyObject) => boolean;
}

const curve = (name: string) => (key: KeyObject) => key.asymmetricKeyDetails?.namedCurve === name;

/** Section 4.2: older repositories have the scheme in place of the key's type. */
const schemes: Readonly<Record<string, Scheme>> = {
  ed25519: { keytypes: ['ed25519'], hash: null, fits: (key) => key.asymmetricKeyType === 'ed25519' },
  'ecdsa-sha2-nistp256': {
    keytypes: ['ecdsa', 'ecdsa-sha2-nistp256'],
    hash: 'sha256',
    fits: curve('prime256v1'),
  },
  'ecdsa-sha2-nistp384': {
    keytypes: ['ecdsa', 'ecdsa-sha2-nistp384'],
    hash: 'sha384',
    fits: curve('secp384r1'),
  },
  'rsassa-pss-sha256': {
    keytypes: ['rsa'],
    hash: 'sha256',
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO },
    fits: isUsualRsa,
  },
};

/**
 * The TUF key of a public key in SPKI, DER.
 * @throws SignpostError TRUST when it is neither ECDSA P-256 nor Ed25519
 */
export function tufKeyOf(spki: Uint8Array): TufKey {
  const key = open({ key: Buffer.from(spki), type: 'spki', format: 'der' });
  if (key !== undefined && schemes['ecdsa-sha2-nistp256']?.fits(key) === true) {
    const pem = key.export({ type: 'spki', format: 'pem' });
    return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  }
  if (key?.asymmetricKeyType === 'ed25519') {
    const der = key.export({ type: 'spki', format: 'der' });
    return {
      keytype: 'ed25519',
      scheme: 'ed25519',
      keyval: { public: der.subarray(ed25519Prefix.length).toString('hex') },
    };
  }
  throw new SignpostError('TRUST', 'a key of a TUF role must be ECDSA P-256 or Ed25519');
}

/** Section 4.2.1: the SHA-256 of the key's canonical JSON, in hexadecimal. */
export function keyIdOf(key: TufKey): string {
  return createHash('sha256').update(canonicalJson(key)).digest('hex');
}

/** The key, ready to verify with; undefined for one of a kind that is not known, or damaged. Takes hostile input. */
export function openTufKey({ keytype, scheme, keyval }: TufKey): OpenedKey | undefined {
  const known = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (known === undefined || !known.keytypes.includes(keytype)) return undefined;
  const key =
    scheme === 'ed25519' && /^[0-9a-f]{64}$/.test(keyval.public)
      ? open({
          key: Buffer.concat([ed25519Prefix, Buffer.from(keyval.public, 'hex')]),
          type: 'spki',
          format: 'der',
        })
      : open(keyval.public);
  if (key === undefined || !known.fits(key)) return undefined;
  return {
    identity: key.export({ type: 'spki', format: 'der' }).toString('base64'),
    holds(bytes, signature) {
      if (!hexadecimal.test(signature)) return false;
      try {
        return verify(known.hash, bytes, { ...known.options, key }, Buffer.from(signature, 'hex'));
      } catch {
        return false;
      }
    },
  };
}

/** One spelling: what follows the digits would be passed over otherwise. */
const hexadecimal = /^(?:[0-9a-f]{2})+$/;

/** Of a size that holds today, and that cannot be made to take long. */
function isUsualRsa({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): boolean {
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  const exponent = asymmetricKeyDetails?.publicExponent ?? 0n;
  return asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= 8192 && exponent < 2n ** 32n;
}

function open(input: Parameters<typeof createPublicKey>[0]): KeyObject | undefined {
  try {
    return createPublicKey(input);
  } catch {
    return undefined;
  }
}

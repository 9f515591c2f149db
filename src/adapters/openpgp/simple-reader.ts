import type { FormatReader, SignatureReader } from '../../ports/signing.ts';
import { readSimpleEvidence } from '../../trust/simple-evidence.ts';

/** Reads containers/image simple signatures with the OpenPGP keys that `reader` knows. */
export function createSimpleReader(reader: SignatureReader): FormatReader {
  return {
    format: 'simple',
    fingerprints: reader.fingerprints,
    read: async (envelope) => readSimpleEvidence(await reader.read(envelope)),
  };
}

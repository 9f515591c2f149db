import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countSignatures } from '../../../src/trust/tuf/check-signatures.ts';
import { chooseRoles } from '../../../src/trust/tuf/delegated-roles.ts';
import { readNotaryFile } from '../../../src/trust/notary-v1/read-metadata.ts';
import { readMetadata } from '../../../src/trust/tuf/read-metadata.ts';
import { readStrictMetadata } from '../../../src/trust/tuf/read-strict-metadata.ts';
import { trustRoot, updateRoot } from '../../../src/trust/tuf/trusted-metadata.ts';
import { createTufKeyring, createTufMachine, hour, makeRoot } from '../../fakes/tuf-world.ts';
import { judgeError } from '../judge-error.ts';
import type { FuzzReader } from '../reader.ts';

const now = Date.UTC(2026, 0, 1);
const types = ['root', 'timestamp', 'snapshot', 'targets'] as const;
const notaryTypes = { root: 'Root', snapshot: 'Snapshot', targets: 'Targets' } as const;

/** TUF and Notary v1. */
export async function createMetadataReaders(): Promise<readonly FuzzReader[]> {
  const keyring = createTufKeyring();
  const root = await makeRoot(keyring, keyring.root, now + 9000 * hour);
  const { offered } = await createTufMachine(keyring, [root.bytes]).sign(['fedora/base:41'], now);
  const nameOf = {
    root: '1.root.json',
    timestamp: 'timestamp.json',
    snapshot: '1.snapshot.json',
    targets: '1.targets.json',
  };
  const trusted = trustRoot(root.bytes);
  const tuf = types.map((type): FuzzReader => {
    return {
      name: `tuf-${type}`,
      seeds: [offered.get(nameOf[type]) ?? root.bytes],
      read(bytes) {
        tolerate(() => readStrictMetadata(bytes, type, type));
        const file = readMetadata(bytes, type, type);
        if (file.signed._type === 'root') {
          countSignatures(file, file.signed.keys, file.signed.roles.root.keyids);
          tolerate(() => updateRoot(trusted, bytes));
        }
        if (file.signed._type === 'targets' && file.signed.delegations !== undefined) {
          countSignatures(file, file.signed.delegations.keys, Object.keys(file.signed.delegations.keys));
          chooseRoles(file.signed.delegations, 'fedora/base/41');
        }
      },
    };
  });
  const notary = Object.entries(notaryTypes).map(([name, type]): FuzzReader => {
    const seed = readFileSync(join(import.meta.dirname, '../../vectors/notary-v1', `${name}.json`));
    return { name: `notary-${name}`, seeds: [seed], read: (bytes) => readNotaryFile(bytes, type, name) };
  });
  return [...tuf, ...notary];
}

function tolerate(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (judgeError(error) !== undefined) throw error;
  }
}

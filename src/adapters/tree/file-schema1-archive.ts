import { join } from 'node:path';
import type { Schema1Archive } from '../../ports/schema1-archive.ts';
import { makePrivateFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { formatTime } from '../../text/format-time.ts';

/** Keeps manifests as `<repository>/<digest>/manifest.json`, and beside each `report.json`, below a folder of their own. */
export function createFileSchema1Archive(folder: string): Schema1Archive {
  return {
    async keep({ repository, digest, bytes, report }) {
      await makePrivateFolder(folder, 'group');
      const place = join(folder, repository, digest);
      // The report last: where there is one, the manifest is whole.
      await writeFileAtomic(join(place, 'manifest.json'), bytes, 'group');
      const { taken, ...rest } = report;
      const text = JSON.stringify({ digest, taken: formatTime(taken), ...rest }, null, 2);
      await writeFileAtomic(join(place, 'report.json'), Buffer.from(`${text}\n`), 'group');
      return place;
    },
  };
}

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

/** Whether the folder can be read now. It never rejects. */
export async function isReadableFolder(path: string): Promise<boolean> {
  try {
    await access(path, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

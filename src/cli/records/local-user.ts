import { userInfo } from 'node:os';

/** Who is at the command line, as the record of changes names them. */
export function localUser(): string {
  try {
    return `user ${userInfo().username}`;
  } catch {
    // In a container there may be no name for the number.
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

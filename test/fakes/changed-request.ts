import {
  type RequestHeader,
  createRequestFormatter,
  createRequestParser,
} from '../../src/trust/hand-off/signing-request.ts';
import { linesOf } from './memory-new-file.ts';

/** A request as somebody changes it on its way to the signer: its checksum is right, and nobody vouches for it. */
export async function changeRequest(text: string, change: Partial<RequestHeader>): Promise<string> {
  const parser = createRequestParser();
  const formatter = createRequestFormatter();
  let changed = '';
  for await (const bytes of linesOf(text)) {
    const line = parser.line(bytes);
    if (line.kind === 'header') changed += formatter.header({ ...line.header, ...change });
    if (line.kind === 'image') changed += formatter.image(line.image);
  }
  return changed + formatter.end();
}

import { isSignpostError } from '../../src/oci/errors.ts';

const messageLimit = 8192;

/**
 * What is wrong with an error that a reader has thrown: only SignpostError is expected, with a message that can be shown,
 * whatever was in the input. Undefined when nothing is.
 */
export function judgeError(error: unknown): string | undefined {
  if (!isSignpostError(error)) {
    const said =
      error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : String(error);
    return `it throws ${said.slice(0, 4000)}`;
  }
  return judgeText(error.message);
}

/** The same of an answer that says in words why the input is none. */
export function judgeMessage(answer: unknown): string | undefined {
  const said = Object(answer) as { readonly reason?: unknown; readonly wrong?: unknown };
  const text = said.reason ?? said.wrong;
  return typeof text === 'string' ? judgeText(text) : undefined;
}

function judgeText(message: string): string | undefined {
  if (message.length > messageLimit) return `the message has ${message.length} characters`;
  if (/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(message)) {
    return `the message acts on a terminal: ${JSON.stringify(message.slice(0, 1000))}`;
  }
  return undefined;
}

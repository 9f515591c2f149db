import assert from 'node:assert/strict';
import { type ErrorCode, isSignpostError } from '../../src/oci/errors.ts';

/** For assert.rejects and assert.throws: the error has this code and this text in its message. */
export function fails(code: ErrorCode, text: string): (error: unknown) => true {
  return (error) => {
    if (isSignpostError(error, code) && error.message.includes(text)) return true;
    return assert.fail(`expected ${code} with "${text}", got ${String(error)}`);
  };
}

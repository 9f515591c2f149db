import type { Digest } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { ContentInspector, StoredFile } from '../../ports/content-inspector.ts';
import type { Progress } from '../../ports/progress.ts';
import type { ScrubFindings } from './scrub-report.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

export interface ScrubbedFiles {
  readonly files: number;
  readonly bytes: number;
  /** What may be removed when nobody is at work. */
  readonly leftovers: readonly string[];
  readonly staged: readonly { readonly path: string; readonly digest: Digest }[];
}

// Files with several names are hashed once, as long as they are few enough to remember.
const rememberedLimit = 1_000_000;

const label = 'hashing';

/** Hashes every file whose name is a digest, and reports what does not belong. */
export async function scrubFiles(
  inspector: ContentInspector,
  findings: ScrubFindings,
  progress: Progress,
  options: { readonly parallel: number; readonly signal: AbortSignal },
): Promise<ScrubbedFiles> {
  const leftovers: string[] = [];
  const staged: { path: string; digest: Digest }[] = [];
  const hashes = new Map<string, Digest>();
  const signatures = new SignatureNumbers(findings);
  let files = 0;
  let bytes = 0;

  progress.start(label, await totalSize(inspector));

  const check = async (file: StoredFile): Promise<void> => {
    files++;
    switch (file.kind) {
      case 'manifest':
      case 'blob':
        return checkDigest(file, file.digest, 'remove it and publish the image again with --renew');
      case 'staged-manifest':
      case 'staged-blob':
        staged.push({ path: file.path, digest: file.digest });
        return checkDigest(file, file.digest, 'remove it and publish the image again');
      case 'metadata':
        if (file.digest === undefined) return;
        return checkDigest(file, file.digest, 'remove it and sign again');
      case 'leftover':
        leftovers.push(file.path);
        findings.notice(file.path, 'left by a command that was interrupted, or being written now');
        return;
      case 'unknown':
        if (file.inTree) findings.problem(file.path, 'does not belong into the tree: remove it');
        else findings.notice(file.path, 'is none of ours');
        return;
      case 'contents':
        return checkDigest(file, file.digest, 'remove it and run "signpost scrub --repair"');
      // The numbers of signatures are looked at elsewhere, and so is what referrers and the marker say.
      case 'signature':
      case 'referrers':
      case 'marker':
        return;
    }
  };

  const checkDigest = async (file: StoredFile, digest: Digest, advice: string): Promise<void> => {
    try {
      const known = file.identity === undefined ? undefined : hashes.get(file.identity);
      const got = known ?? (await inspector.hash(file.path, options.signal));
      if (file.identity !== undefined && hashes.size < rememberedLimit) hashes.set(file.identity, got);
      if (known === undefined) bytes += file.size;
      progress.advance(label, file.size);
      if (got !== digest) findings.problem(file.path, `is damaged: its bytes have ${got}: ${advice}`);
    } catch (error) {
      if (!isSignpostError(error) || error.code === 'CANCELLED') throw error;
      // Staged files come and go while other commands work.
      if (error.code === 'NOT_FOUND' && file.kind.startsWith('staged')) return;
      findings.problem(file.path, error.message);
    }
  };

  await inParallel(signatures.watch(inspector.files()), options.parallel, check);
  progress.finish(label);
  return { files, bytes, leftovers, staged };
}

// A walk without hashing takes a moment against the hashing itself, and lets people see how long that will take.
async function totalSize(inspector: ContentInspector): Promise<number> {
  let total = 0;
  for await (const file of inspector.files()) if ('digest' in file) total += file.size;
  return total;
}

/** Checks that the signatures of each digest are numbered from 1 without a gap: clients stop at the first that is missing. */
class SignatureNumbers {
  readonly #findings: ScrubFindings;
  #folder: string | undefined;
  #count = 0;
  #highest = 0;

  constructor(findings: ScrubFindings) {
    this.#findings = findings;
  }

  /** Passes files on; those of one folder come together. */
  async *watch(files: AsyncIterable<StoredFile>): AsyncGenerator<StoredFile> {
    for await (const file of files) {
      if (file.kind === 'signature') this.#add(file.folder, file.number);
      yield file;
    }
    this.#end();
  }

  #add(folder: string, number: number): void {
    if (folder !== this.#folder) this.#end();
    this.#folder = folder;
    this.#count++;
    this.#highest = Math.max(this.#highest, number);
  }

  #end(): void {
    if (this.#folder !== undefined && this.#count !== this.#highest) {
      this.#findings.problem(
        `signatures/${this.#folder}`,
        `has ${this.#count} signatures numbered up to ${this.#highest}: clients stop at the first gap`,
      );
    }
    this.#folder = undefined;
    this.#count = 0;
    this.#highest = 0;
  }
}

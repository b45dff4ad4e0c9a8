import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';

import { extractZip } from './extractZip.js';
import { ARCHIVES, type PinnedFile } from './pinnedTorch.js';

export interface ArchiveOptions {
  /** The archive; the pinned one for this platform by default. */
  readonly archive?: PinnedFile | undefined;
  /** Milliseconds until the server must answer, and between two pieces of the answer. */
  readonly patience?: number;
  readonly log?: (line: string) => void;
}

/**
 * Downloads the official libtorch archive, checks it against the pinned size and SHA-256 and unpacks it.
 *
 * @param work an empty folder, for the archive and what comes out of it
 * @returns the folder with `include` and `lib`
 * @throws Error that tells in one sentence why there is none
 */
export async function fetchArchive(
  work: string,
  { archive = ARCHIVES[`${process.platform}-${process.arch}`], patience = 10_000, log }: ArchiveOptions = {},
): Promise<string> {
  if (archive === undefined) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  const zip = join(work, 'libtorch.zip');
  await download(archive, zip, patience, log);
  const into = join(work, 'unpacked');
  await mkdir(into, { recursive: true });
  await extractZip(zip, into, (name) =>
    /^libtorch\/(include|lib|share)\/|^libtorch\/build-version$/.test(name),
  );
  return join(into, 'libtorch');
}

async function download(
  { url, sha256, bytes }: PinnedFile,
  path: string,
  patience: number,
  log?: (line: string) => void,
): Promise<void> {
  const abort = new AbortController();
  const tooSlow = (): void => abort.abort(new Error(`no answer for ${patience / 1000} s`));
  let timer = setTimeout(tooSlow, patience);
  const file = await open(path, 'wx');
  try {
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || response.body === null) throw new Error(`the server answered ${response.status}`);
    const hash = createHash('sha256');
    let received = 0;
    let told = 0;
    for await (const chunk of response.body) {
      clearTimeout(timer);
      timer = setTimeout(tooSlow, patience);
      await file.writeFile(chunk as Uint8Array);
      hash.update(chunk as Uint8Array);
      received += (chunk as Uint8Array).length;
      const quarter = Math.floor((4 * received) / bytes);
      if (quarter > told) log?.(`libtorch: archive: ${megabytes(received)} of ${megabytes(bytes)}`);
      told = quarter;
    }
    if (received !== bytes) throw new Error(`the download has ${received} bytes instead of ${bytes}`);
    const actual = hash.digest('hex');
    if (actual !== sha256) throw new Error(`the download has SHA-256 ${actual} instead of ${sha256}`);
  } catch (error) {
    throw new Error(`${url} cannot be fetched: ${reason(error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
    abort.abort();
    await file.close();
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

/** `fetch` says only that it failed; what happened is the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

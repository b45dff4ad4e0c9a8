import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { ProtoclError } from './errors.js';
import { onDisk } from './onDisk.js';
import { requireKnownOptions } from './options.js';

/** What was written: enough to verify the file later. */
export interface WrittenFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface AtomicStreamOptions {
  /** Stops the writing; the target stays as it was. */
  readonly signal?: AbortSignal;
  /** If given, content with another SHA-256 is refused and the target stays as it was. */
  readonly expectedSha256?: string;
}

/** A temporary file untouched for this long belongs to a process that died. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

/**
 * Replaces a file so that at any moment, a power failure included, its name leads to either the old
 * content or the whole new content. Folders on the way are created.
 *
 * @param content bytes, or text that is written as UTF-8
 * @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE`
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<WrittenFile> {
  return writeStreamAtomic(path, [typeof content === 'string' ? Buffer.from(content) : content]);
}

/**
 * Like {@link writeFileAtomic}, for content that comes in pieces and need not fit into memory.
 *
 * If the source fails, so does this with the same error; nothing is left behind.
 *
 * @param source a Node or web stream, a generator or an array of byte chunks
 * @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE`, `CHECKSUM_MISMATCH`, `UNKNOWN_OPTION`
 */
export async function writeStreamAtomic(
  path: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: AtomicStreamOptions = {},
): Promise<WrittenFile> {
  requireKnownOptions('writeStreamAtomic', options, { signal: true, expectedSha256: true });
  const { signal, expectedSha256 } = options;
  const target = resolve(path);
  const folder = dirname(target);
  const temporary = temporaryName(target);
  try {
    await onDisk(target, mkdir(folder, { recursive: true }));
    await removeAbandoned(target);
    const file = await onDisk(target, open(temporary, 'wx'));
    let written: WrittenFile;
    try {
      written = await writeAll(file, target, source, signal);
      if (expectedSha256 !== undefined && written.sha256 !== expectedSha256) {
        throw new ProtoclError('CHECKSUM_MISMATCH', {
          message: `the content for ${target} is damaged or not what was asked for`,
          given: `SHA-256 ${written.sha256} over ${written.bytes} bytes`,
          expected: `SHA-256 ${expectedSha256}`,
          remedy: 'Fetch it again; if that gives the same, its source has changed',
        });
      }
      await onDisk(target, file.sync());
    } finally {
      await file.close();
    }
    await onDisk(target, rename(temporary, target));
    await onDisk(target, syncFolder(folder));
    return written;
  } catch (error) {
    // That nothing is left behind is not worth another error, which would hide the first: there may be no such folder.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeAll(
  file: FileHandle,
  target: string,
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<WrittenFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of source) {
    signal?.throwIfAborted();
    hash.update(chunk);
    await onDisk(target, writeChunk(file, chunk));
    bytes += chunk.byteLength;
  }
  signal?.throwIfAborted();
  return { path: target, bytes, sha256: hash.digest('hex') };
}

async function writeChunk(file: FileHandle, chunk: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < chunk.byteLength) {
    offset += (await file.write(chunk, offset)).bytesWritten;
  }
}

/** Makes the rename itself survive a power failure. */
async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder, and its file systems journal the rename.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function temporaryPrefix(target: string): string {
  return `.${basename(target)}.`;
}

function temporaryName(target: string): string {
  const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
  return join(dirname(target), `${temporaryPrefix(target)}${unique}.tmp`);
}

/** Removes what earlier processes left for the same target when they were killed. */
async function removeAbandoned(target: string): Promise<void> {
  const prefix = temporaryPrefix(target);
  for (const name of await readdir(dirname(target))) {
    const unique = name.slice(prefix.length);
    if (!name.startsWith(prefix) || !/^\d+-[0-9a-f]{12}\.tmp$/.test(unique)) continue;
    const path = join(dirname(target), name);
    // Another process may be removing the same file.
    const modified = await stat(path).then(
      (status) => status.mtimeMs,
      () => Infinity,
    );
    if (Date.now() - modified > ABANDONED_AFTER_MS) await rm(path, { force: true });
  }
}

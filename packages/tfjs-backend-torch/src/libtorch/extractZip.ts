import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';

import { type Entry, openPromise, type ZipFile } from 'yauzl';

/** A file that was taken out of an archive. */
export interface ExtractedFile {
  readonly name: string;
  readonly bytes: number;
  /** As pip's RECORD writes it: base64url without padding. */
  readonly sha256: string;
}

/**
 * Unpacks the files of a zip archive that `isWanted` selects, each synced to disk.
 * Size and CRC-32 of each file are checked against the archive's directory.
 *
 * @throws Error where the archive is cut short or damaged, or a name leads out of the folder.
 */
export async function extractZip(
  archive: string,
  into: string,
  isWanted: (name: string) => boolean,
): Promise<ExtractedFile[]> {
  const zip = await openPromise(archive);
  const extracted: ExtractedFile[] = [];
  const folders = new Set<string>();
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName;
    if (name.endsWith('/') || !isWanted(name)) continue;
    const path = join(into, name);
    const folder = dirname(path);
    if (!folders.has(folder)) await mkdir(folder, { recursive: true });
    folders.add(folder);
    extracted.push(await extractFile(zip, entry, path));
  }
  return extracted;
}

async function extractFile(zip: ZipFile, entry: Entry, path: string): Promise<ExtractedFile> {
  const hash = createHash('sha256');
  let crc = 0;
  let bytes = 0;
  const file = await open(path, 'w', permissions(entry));
  try {
    for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>) {
      crc = crc32(chunk, crc);
      hash.update(chunk);
      bytes += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  if (crc !== entry.crc32 || bytes !== entry.uncompressedSize) {
    throw new Error(`${entry.fileName} is damaged in the archive (its CRC-32 or its size is wrong)`);
  }
  return { name: entry.fileName, bytes, sha256: hash.digest('base64url') };
}

/** An archive made on Unix tells them; others get the usual ones. */
function permissions(entry: Entry): number {
  const mode = (entry.externalFileAttributes >>> 16) & 0o777;
  return mode === 0 ? 0o644 : mode | 0o200;
}

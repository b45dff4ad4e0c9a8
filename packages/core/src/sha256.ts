import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** The SHA-256 of the bytes, or of the text's UTF-8 bytes, as 64 lower-case hex digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/**
 * The SHA-256 of a file, read in pieces so that its size does not matter.
 *
 * @returns 64 lower-case hex digits
 * @throws the file system's own error if the file cannot be read
 */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}

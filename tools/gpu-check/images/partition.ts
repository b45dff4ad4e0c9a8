import { gpuCheckError } from '../errors.js';

/**
 * Distributes files over as few parts as filling them one after the other needs: each goes into the first
 * part that has room for it.
 *
 * @param bytes that a part may have
 * @throws {ProtoclError} `PART_TOO_SMALL` if a file has more
 */
export function partition<File extends { readonly name: string; readonly bytes: number }>(
  files: readonly File[],
  bytes: number,
): File[][] {
  const parts: { readonly files: File[]; room: number }[] = [];
  for (const file of files) {
    if (file.bytes > bytes) {
      throw gpuCheckError('PART_TOO_SMALL', {
        message: `${file.name} does not fit into a part`,
        given: `${file.bytes} bytes`,
        expected: `at most ${bytes} bytes`,
      });
    }
    let part = parts.find(({ room }) => room >= file.bytes);
    if (part === undefined) {
      part = { files: [], room: bytes };
      parts.push(part);
    }
    part.files.push(file);
    part.room -= file.bytes;
  }
  return parts.map(({ files: inPart }) => inPart);
}

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A named float32 array for the peer. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * Writes arrays so that any language reads them in a few lines: `arrays.bin` holds all values one
 * after the other, little-endian float32; `arrays.json` tells name, shape, offset and count of each.
 */
export async function writeArrays(folder: string, arrays: readonly NamedArray[]): Promise<void> {
  let offset = 0;
  const entries = arrays.map(({ name, shape, values }) => {
    const entry = { name, shape, offset, count: values.length };
    offset += values.length;
    return entry;
  });
  const all = new Float32Array(offset);
  for (const [i, { values }] of arrays.entries()) all.set(values, entries[i]!.offset);
  await writeFile(join(folder, 'arrays.bin'), new Uint8Array(all.buffer));
  await writeFile(join(folder, 'arrays.json'), JSON.stringify(entries));
}

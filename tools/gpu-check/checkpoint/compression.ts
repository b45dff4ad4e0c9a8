import { constants, deflateRaw, inflateRaw } from 'node:zlib';
import { promisify } from 'node:util';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/**
 * Compresses numbers without loss: of all of them first the lowest bytes, then the next ones. The upper
 * bytes of floating point numbers take few values; their lower ones are noise, in which looking for
 * repetitions would be in vain, except for runs.
 *
 * @param width bytes of each number
 */
export async function compressNumbers(bytes: Uint8Array, width: number): Promise<Buffer> {
  const count = bytes.length / width;
  const planes = new Uint8Array(bytes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) planes[plane * count + i] = bytes[i * width + plane]!;
  }
  return deflate(planes, { strategy: constants.Z_RLE, memLevel: 9 });
}

/** The bytes that {@link compressNumbers} was given, in memory of their own. */
export async function expandNumbers(compressed: Uint8Array, width: number): Promise<Uint8Array<ArrayBuffer>> {
  const planes = await inflate(compressed);
  const count = planes.length / width;
  const bytes = new Uint8Array(planes.length);
  for (let plane = 0; plane < width; plane++) {
    for (let i = 0; i < count; i++) bytes[i * width + plane] = planes[plane * count + i]!;
  }
  return bytes;
}

export async function compressText(text: Uint8Array): Promise<Buffer> {
  return deflate(text, { level: 9 });
}

export async function expandText(compressed: Uint8Array): Promise<Buffer> {
  return inflate(compressed);
}

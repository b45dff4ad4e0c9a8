/** What is kept for the next images, at most. */
const KEPT_ARRAYS = 8;
const KEPT_BYTES = 2 ** 25;
/** Memory comes in whole such blocks, so that images of similar sizes can use the same. */
const BLOCK_BYTES = 2 ** 18;

const kept: ArrayBuffer[] = [];
const lent = new WeakSet<ArrayBufferLike>();

/**
 * Takes memory for the pixels of an image, with anything in it: some that was given back, where there
 * is any of that size. The more is allocated outside of its heap, the more often V8 collects garbage,
 * which takes a tenth of the time of images of usual sizes.
 *
 * @returns uint8 [bytes]; what is not given back is collected as everything else
 */
export function takeMemory(bytes: number): Uint8Array<ArrayBuffer> {
  const size = Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  const index = kept.findIndex(({ byteLength }) => byteLength === size);
  const memory = index < 0 ? Buffer.allocUnsafeSlow(size).buffer : kept.splice(index, 1)[0]!;
  lent.add(memory);
  return new Uint8Array(memory, 0, bytes);
}

/** Gives memory back that nothing reads or writes any more; what {@link takeMemory} did not give is left alone. */
export function giveBackMemory({ buffer }: Uint8Array): void {
  if (!lent.delete(buffer)) return;
  const total = kept.reduce((sum, { byteLength }) => sum + byteLength, buffer.byteLength);
  if (kept.length < KEPT_ARRAYS && total <= KEPT_BYTES) kept.push(buffer as ArrayBuffer);
}

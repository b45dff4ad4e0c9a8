const SIGNATURE = [0x45, 0x78, 0x69, 0x66, 0, 0]; // "Exif", twice zero
const LITTLE_ENDIAN = 0x4949;
const BIG_ENDIAN = 0x4d4d;
const MAGIC = 42;
const ENTRY_BYTES = 12;
const ORIENTATION = 0x0112;
const SHORT = 3;
const UPRIGHT = 1;

/**
 * Whether an Exif segment is well-formed as far as its orientation goes, and leaves the image as it is:
 * the tag is absent or 1. What is odd in any way is said not to be upright.
 *
 * @param segment what an APP1 segment has after its length
 * @see Exif 2.32, section 4.5; TIFF 6.0, section 2
 */
export function isUpright(segment: Uint8Array): boolean {
  if (segment.length < SIGNATURE.length + 8 || SIGNATURE.some((byte, i) => segment[i] !== byte)) return false;
  const tiff = new DataView(
    segment.buffer,
    segment.byteOffset + SIGNATURE.length,
    segment.length - SIGNATURE.length,
  );
  const order = tiff.getUint16(0);
  if (order !== LITTLE_ENDIAN && order !== BIG_ENDIAN) return false;
  const isLittle = order === LITTLE_ENDIAN;
  if (tiff.getUint16(2, isLittle) !== MAGIC) return false;
  const directory = tiff.getUint32(4, isLittle);
  if (directory < 8 || directory + 2 > tiff.byteLength) return false;
  const entries = tiff.getUint16(directory, isLittle);
  if (directory + 2 + entries * ENTRY_BYTES > tiff.byteLength) return false;
  for (let i = 0; i < entries; i++) {
    const entry = directory + 2 + i * ENTRY_BYTES;
    if (tiff.getUint16(entry, isLittle) !== ORIENTATION) continue;
    const isOne =
      tiff.getUint16(entry + 2, isLittle) === SHORT &&
      tiff.getUint32(entry + 4, isLittle) === 1 &&
      tiff.getUint16(entry + 8, isLittle) === UPRIGHT;
    if (!isOne) return false;
  }
  return true;
}

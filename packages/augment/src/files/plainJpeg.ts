import { isUpright } from './exifOrientation.js';

/** The size of an image in pixels. */
export interface ImageSize {
  readonly height: number;
  readonly width: number;
}

// What follows 0xFF in a marker.
const SOI = 0xd8;
const SOF0 = 0xc0;
const SOF1 = 0xc1;
const DHT = 0xc4;
const SOS = 0xda;
const DQT = 0xdb;
const DRI = 0xdd;
const APP0 = 0xe0;
const APP1 = 0xe1;
const APP2 = 0xe2;
const APP14 = 0xee;
const APP15 = 0xef;
const COM = 0xfe;

/** The sampling factors of the luma for 4:4:4, 4:2:2 and 4:2:0; both kinds of chroma have 0x11 then. */
const LUMA_SAMPLINGS = [0x11, 0x21, 0x22];
const CHROMA_SAMPLING = 0x11;
const COMPONENTS = 3;
const BITS = 8;
/** In Adobe's segment: YCbCr. */
const ADOBE_YCC = 1;

/**
 * The size of a JPEG that needs nothing but decoding: sequential, 8 bits, YCbCr in a single scan,
 * upright, without a color profile. Only headers are read: the rest may be damaged.
 *
 * @returns nothing for any other file, and where something in the headers is unusual
 * @see ITU-T T.81, annex B; T.871 (JFIF); T.872, 6.5.3 (Adobe's segment)
 */
export function plainJpegSize(bytes: Uint8Array): ImageSize | undefined {
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return undefined;
  let size: ImageSize | undefined;
  for (let at = 2; at + 4 <= bytes.length;) {
    const marker = bytes[at + 1]!;
    const length = bytes[at + 2]! * 256 + bytes[at + 3]!;
    const end = at + 2 + length;
    if (bytes[at] !== 0xff || length < 2 || end > bytes.length) return undefined;
    const segment = bytes.subarray(at + 4, end);
    if (marker === SOS) return segment[0] === COMPONENTS ? size : undefined;
    if (marker === SOF0 || marker === SOF1) {
      const frame = frameSize(segment);
      if (size !== undefined || frame === undefined) return undefined;
      size = frame;
    } else if (!isHarmless(marker, segment)) {
      return undefined;
    }
    at = end;
  }
  return undefined;
}

function frameSize(segment: Uint8Array): ImageSize | undefined {
  if (segment.length !== 6 + 3 * COMPONENTS || segment[0] !== BITS || segment[5] !== COMPONENTS)
    return undefined;
  for (let i = 0; i < COMPONENTS; i++) {
    const component = 6 + 3 * i;
    // JFIF's numbers: others can be letters that mean RGB.
    if (segment[component] !== i + 1) return undefined;
    const sampling = segment[component + 1]!;
    if (i === 0 ? !LUMA_SAMPLINGS.includes(sampling) : sampling !== CHROMA_SAMPLING) return undefined;
  }
  const height = segment[1]! * 256 + segment[2]!;
  const width = segment[3]! * 256 + segment[4]!;
  return height > 0 && width > 0 ? { height, width } : undefined;
}

/** Whether a segment other than those of the frame and the scan leaves the pixels as they are decoded. */
function isHarmless(marker: number, segment: Uint8Array): boolean {
  switch (marker) {
    case DHT:
    case DQT:
    case DRI:
    case COM:
      return true;
    case APP1: // Exif, or XMP
      return !startsWith(segment, 'Exif') || isUpright(segment);
    case APP2: // a color profile, or other images that belong to it
      return false;
    case APP14:
      return segment.length >= 12 && startsWith(segment, 'Adobe') && segment[11] === ADOBE_YCC;
    default:
      return marker >= APP0 && marker <= APP15;
  }
}

function startsWith(segment: Uint8Array, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (segment[i] !== text.charCodeAt(i)) return false;
  return true;
}

import { readFile } from 'node:fs/promises';

import { describe, expect, test } from '@jest/globals';
import sharp from 'sharp';

import { plainJpegSize } from '../src/files/plainJpeg.js';
import { picture } from './picture.js';
import { fixture } from './reference.js';

const [height, width] = [33, 17];

function image() {
  return sharp(picture(height, width), { raw: { width, height, channels: 3 } });
}

const jpeg = await image().jpeg().toBuffer();

/** The place of the first marker of a kind. */
function placeOf(bytes: Uint8Array, marker: number): number {
  return Buffer.from(bytes).indexOf(Buffer.from([0xff, marker]));
}

/** The file with a segment more, in front of all others. */
function withSegment(marker: number, content: string | number[]): Buffer {
  const data = Buffer.from(content as string, 'latin1');
  const length = data.length + 2;
  const head = Buffer.from([0xff, marker, length >> 8, length & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), head, data, jpeg.subarray(2)]);
}

/** The file with a byte of its frame changed; 4 is the first one after the length. */
function withFrameByte(at: number, value: number): Buffer {
  const bytes = Buffer.from(jpeg);
  bytes[placeOf(bytes, 0xc0) + at] = value;
  return bytes;
}

/** Exif with a single entry. */
function exif(
  isLittle: boolean,
  entry: { tag?: number; type?: number; count?: number; value?: number } = {},
) {
  const { tag = 0x0112, type = 3, count = 1, value = 1 } = entry;
  const tiff = new DataView(new ArrayBuffer(26));
  tiff.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  tiff.setUint16(2, 42, isLittle);
  tiff.setUint32(4, 8, isLittle);
  tiff.setUint16(8, 1, isLittle);
  tiff.setUint16(10, tag, isLittle);
  tiff.setUint16(12, type, isLittle);
  tiff.setUint32(14, count, isLittle);
  tiff.setUint16(18, value, isLittle);
  return [...Buffer.from('Exif\0\0', 'latin1'), ...new Uint8Array(tiff.buffer)];
}

describe('a plain JPEG', () => {
  test.each(['4:4:4', '4:2:0'])('of %s has the size that is written in it', async (chromaSubsampling) => {
    const bytes = await image().jpeg({ chromaSubsampling }).toBuffer();
    expect(plainJpegSize(bytes)).toEqual({ height, width });
  });

  test('of PIL, of 4:2:2, and as a part of a larger buffer', async () => {
    expect(plainJpegSize(await readFile(fixture('picture.jpg')))).toEqual({ height: 60, width: 80 });
    expect(plainJpegSize(withFrameByte(11, 0x21))).toEqual({ height, width });
    const shifted = new Uint8Array(Buffer.concat([Buffer.alloc(7), jpeg])).subarray(7);
    expect(plainJpegSize(shifted)).toEqual({ height, width });
  });

  test.each([
    ['a comment', 0xfe, 'text'],
    ['JFIF', 0xe0, 'JFIF\0\x01\x01\0\0\x01\0\x01\0\0'],
    ['XMP', 0xe1, 'http://ns.adobe.com/xap/1.0/\0<x/>'],
    ['what Photoshop writes', 0xed, 'Photoshop 3.0\0'],
    ['Adobe, YCbCr', 0xee, 'Adobe\0\x64\0\0\0\0\x01'],
    ['Exif, upright', 0xe1, exif(true)],
    ['Exif, upright, the other byte order', 0xe1, exif(false)],
    ['Exif without an orientation', 0xe1, exif(true, { tag: 0x0110, value: 6 })],
  ])('may have %s', (_, marker, content) => {
    expect(plainJpegSize(withSegment(marker, content))).toEqual({ height, width });
  });
});

describe('no plain JPEG is', () => {
  test('what sharp writes with a profile, progressive, gray or CMYK; other formats', async () => {
    const others = [
      image().withIccProfile('p3').jpeg(),
      image().jpeg({ progressive: true }),
      image().toColourspace('b-w').jpeg(),
      image().toColourspace('cmyk').jpeg(),
      ...[2, 3, 4, 5, 6, 7, 8].map((orientation) => image().withMetadata({ orientation }).jpeg()),
      image().png(),
      image().webp(),
    ];
    for (const other of others) expect(plainJpegSize(await other.toBuffer())).toBeUndefined();
  });

  test.each([
    ['a color profile', 0xe2, 'ICC_PROFILE\0\x01\x01'],
    ['several images', 0xe2, 'MPF\0'],
    ['Adobe, RGB', 0xee, 'Adobe\0\x64\0\0\0\0\0'],
    ['Adobe, cut short', 0xee, 'Adobe\0'],
    ['something else of Adobe', 0xee, 'Ducky\0\x64\0\0\0\0\x01'],
    ['arithmetic conditioning', 0xcc, '\0\0'],
    ['the number of lines', 0xdc, '\0\x21'],
    ['Exif, upside down', 0xe1, exif(true, { value: 3 })],
    ['Exif, on its side, the other byte order', 0xe1, exif(false, { value: 6 })],
    ['Exif, two orientations', 0xe1, exif(true, { count: 2 })],
    ['Exif, the orientation as a long number', 0xe1, exif(true, { type: 4 })],
    ['Exif of no byte order', 0xe1, exif(true).fill(0x4a, 6, 8)],
    ['Exif with another magic number', 0xe1, exif(true).fill(43, 8, 9)],
    ['Exif whose directory is elsewhere', 0xe1, exif(true).fill(0xff, 10, 14)],
    ['Exif whose directory is in its own head', 0xe1, exif(true).fill(4, 10, 11)],
    ['Exif with more entries than there are', 0xe1, exif(true).fill(9, 14, 15)],
    ['Exif that begins in another way', 0xe1, exif(true).fill(1, 5, 6)],
    ['Exif cut short', 0xe1, 'Exif\0\0II*\0'],
  ])('one with %s', (_, marker, content) => {
    expect(plainJpegSize(withSegment(marker, content))).toBeUndefined();
  });

  test.each([
    ['12 bits', 4, 12],
    ['four components', 9, 4],
    ['a component named R', 10, 0x52],
    ['an unusual luma', 11, 0x41],
    ['an unusual chroma', 14, 0x12],
  ])('a frame of %s', (_, at, value) => {
    expect(plainJpegSize(withFrameByte(at, value))).toBeUndefined();
  });

  test('a frame without height, two frames, a scan of one component, none at all', () => {
    const flat = Buffer.from(jpeg);
    flat.fill(0, placeOf(flat, 0xc0) + 5, placeOf(flat, 0xc0) + 7);
    expect(plainJpegSize(flat)).toBeUndefined();

    const frame = placeOf(jpeg, 0xc0);
    const twice = Buffer.concat([
      jpeg.subarray(0, frame),
      jpeg.subarray(frame, frame + 19),
      jpeg.subarray(frame),
    ]);
    expect(plainJpegSize(twice)).toBeUndefined();

    const scan = placeOf(jpeg, 0xda);
    const single = Buffer.from(jpeg);
    single[scan + 4] = 1;
    expect(plainJpegSize(single)).toBeUndefined();
    expect(plainJpegSize(jpeg.subarray(0, scan))).toBeUndefined();
  });

  test('headers that break off, anywhere', () => {
    const scan = placeOf(jpeg, 0xda);
    for (let end = 0; end < scan + 14; end++) expect(plainJpegSize(jpeg.subarray(0, end))).toBeUndefined();
    expect(plainJpegSize(jpeg.subarray(0, scan + 14))).toEqual({ height, width });
  });

  test('bytes between the segments, or a segment shorter than its own length', () => {
    expect(
      plainJpegSize(Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0), jpeg.subarray(2)])),
    ).toBeUndefined();
    const short = Buffer.from([0xff, 0xd8, 0xff, 0xfe, 0, 1]);
    expect(plainJpegSize(Buffer.concat([short, jpeg.subarray(2)]))).toBeUndefined();
  });
});

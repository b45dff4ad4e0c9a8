import { closeSync, openSync, readSync } from 'node:fs';

import type { ImageSource } from './readSource.js';

/** The formats that are decoded, by what their files begin with. */
const BEGINS: Readonly<Record<string, (head: Buffer) => boolean>> = {
  JPEG: (head) => isAt(head, 0, '\u00ff\u00d8\u00ff'),
  PNG: (head) => isAt(head, 0, '\u0089PNG\r\n\u001a\n'),
  WebP: (head) => isAt(head, 0, 'RIFF') && isAt(head, 8, 'WEBP'),
  AVIF: (head) => isAt(head, 4, 'ftyp') && brandsOf(head).some((brand) => /^avi[fs]$/.test(brand)),
  GIF: (head) => isAt(head, 0, 'GIF87a') || isAt(head, 0, 'GIF89a'),
  // Either byte order; + in the place of * are those with offsets of 64 bits.
  TIFF: (head) => ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((start) => isAt(head, 0, start)),
};

/** The names of these formats. */
export const FORMATS: readonly string[] = Object.keys(BEGINS);

/** Enough for all brands that an AVIF names. */
const HEAD_BYTES = 256;

/**
 * Whether an image is of a format that is decoded, by its first bytes: whatever a file is called, a program
 * in disguise, such as an SVG, which can be drawn for as long as it likes, never reaches a decoder.
 */
export function isKnownFormat(source: ImageSource): boolean {
  const head = headOf(source);
  return Object.values(BEGINS).some((begins) => begins(head));
}

function headOf(source: ImageSource): Buffer {
  if (typeof source !== 'string') {
    return Buffer.from(source.buffer, source.byteOffset, Math.min(source.byteLength, HEAD_BYTES));
  }
  const head = Buffer.alloc(HEAD_BYTES);
  const descriptor = openSync(source, 'r');
  try {
    return head.subarray(0, readSync(descriptor, head, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

function isAt(head: Buffer, offset: number, signature: string): boolean {
  return head.toString('latin1', offset, offset + signature.length) === signature;
}

/** The brands of a file of ISO's base media format: the major one, and the compatible ones. */
function brandsOf(head: Buffer): string[] {
  const end = Math.min(head.length, head.readUInt32BE(0));
  const brands = [head.toString('latin1', 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(head.toString('latin1', at, at + 4));
  return brands;
}

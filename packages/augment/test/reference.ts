import { readFile } from 'node:fs/promises';

import sharp from 'sharp';

/** One transform of a case, as tools/parity/augment.py writes it. */
export type Step =
  | {
      readonly kind: 'crop';
      readonly top: number;
      readonly left: number;
      readonly height: number;
      readonly width: number;
      readonly size: number;
      readonly flip: boolean;
    }
  | { readonly kind: 'plain'; readonly resize: number; readonly size: number }
  | {
      readonly kind: 'jitter';
      readonly order: readonly ('brightness' | 'contrast' | 'saturation' | 'hue')[];
      readonly brightness: number;
      readonly contrast: number;
      readonly saturation: number;
      readonly hue: number;
    }
  | { readonly kind: 'grayscale' }
  | { readonly kind: 'blur' | 'pil-blur'; readonly kernel: number; readonly sigma: number }
  | { readonly kind: 'solarize'; readonly threshold: number };

/** A picture, what is done to it, and the tile of the sheet that holds the result. */
export interface Case {
  readonly name: string;
  /** [height, width] */
  readonly source: readonly [number, number];
  readonly steps: readonly Step[];
}

/** What torchvision's RandomResizedCrop draws. */
export interface CropStatistics {
  readonly height: number;
  readonly width: number;
  readonly scale: [number, number];
  readonly ratio: [number, number];
  readonly quantiles: Readonly<Record<Figure, readonly number[]>>;
  readonly means: Readonly<Record<Figure, number>>;
}

/** A property of a crop. */
export type Figure = 'area' | 'logRatio' | 'centreY' | 'centreX';

interface Reference {
  /** The sum of the values of the picture of 256 x 336 pixels. */
  readonly checksum: number;
  readonly cases: Readonly<Record<'32' | '224', readonly Case[]>>;
  readonly quantiles: readonly number[];
  readonly crops: readonly CropStatistics[];
}

/** The path of a fixture. */
export function fixture(name: string): string {
  return new URL(`fixtures/${name}`, import.meta.url).pathname;
}

export const reference = JSON.parse(await readFile(fixture('reference.json'), 'utf8')) as Reference;

/** Side of a tile, and of the whole result where that is small. */
const TILE = 32;

/** The tiles of a sheet, uint8 [32, 32, 3] each. */
export async function tilesOf(size: 32 | 224): Promise<Uint8Array[]> {
  const { data } = await sharp(fixture(`sheet${size}.png`))
    .raw()
    .toBuffer({ resolveWithObject: true });
  const bytes = TILE * TILE * 3;
  return Array.from({ length: data.length / bytes }, (_, i) => data.subarray(i * bytes, (i + 1) * bytes));
}

/** What the script keeps of a result: every pixel, or every seventh. */
export function tileOf(pixels: ArrayLike<number>, size: number): Float32Array {
  const step = size / TILE;
  const first = Math.floor(step / 2);
  const tile = new Float32Array(TILE * TILE * 3);
  let i = 0;
  for (let y = first; y < size; y += step) {
    for (let x = first; x < size; x += step) {
      for (let c = 0; c < 3; c++) tile[i++] = pixels[(y * size + x) * 3 + c]!;
    }
  }
  return tile;
}

/** The mean of the absolute differences. */
export function meanAbsoluteDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values and ${b.length}`);
  const { abs } = Math;
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += abs(a[i]! - b[i]!);
  return sum / a.length;
}

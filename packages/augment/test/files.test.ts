import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync, gzipSync } from 'node:zlib';

import { decodeCrops, decodePlain, recipes, type AugmentationRecipe } from '@protocl/augment';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import sharp, { type Sharp } from 'sharp';

import { centreResampling, cropResampling } from '../src/cropResampling.js';
import { drawCropBox } from '../src/draws/cropBox.js';
import { drawSample } from '../src/draws/sampleDraws.js';
import { decodeImage } from '../src/files/decodeImage.js';
import { parseRecipe } from '../src/recipe.js';
import { resampleImage } from '../src/resampling/resampleImage.js';
import { picture } from './picture.js';
import { fixture, meanAbsoluteDifference } from './reference.js';

const recipe = recipes.mocoV2({ size: 32 });
const at = { seed: 1, epoch: 2, index: 3, views: 2 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'augment-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The beginning of a PNG of that size, without its pixels. */
function pngWithout(height: number, width: number): Buffer {
  const header = Buffer.from('IHDR\0\0\0\0\0\0\0\0\u0008\u0002\0\0\0', 'latin1');
  header.writeUInt32BE(width, 4);
  header.writeUInt32BE(height, 8);
  const chunk = (content: Buffer) => {
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(content.length - 4);
    check.writeUInt32BE(crc32(content));
    return Buffer.concat([length, content, check]);
  };
  const pixels = Buffer.concat([Buffer.from('IDAT'), deflateSync(Buffer.alloc(9))]);
  const signature = Buffer.from('\u0089PNG\r\n\u001a\n', 'latin1');
  return Buffer.concat([signature, chunk(header), chunk(pixels), chunk(Buffer.from('IEND'))]);
}

/** Three bands of pure color, red on top, as an image to be saved in some format. */
function bands(): Sharp {
  const [height, width] = [60, 40];
  const colors = [
    [255, 0, 0],
    [0, 255, 0],
    [0, 0, 255],
  ];
  const data = Buffer.alloc(height * width * 3);
  for (let i = 0; i < height * width; i++) data.set(colors[Math.floor(i / (20 * width))]!, i * 3);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

function pixelAt(image: { data: Uint8Array; width: number }, y: number, x: number): number[] {
  return [...image.data.subarray((y * image.width + x) * 3, (y * image.width + x) * 3 + 3)];
}

function expectNear(pixel: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(pixel).toHaveLength(3);
  for (const [c, value] of expected.entries())
    expect(Math.abs(pixel[c]! - value)).toBeLessThanOrEqual(tolerance);
}

describe('decoding', () => {
  test('a JPEG has the pixels that PIL decodes', async () => {
    const image = await decodeImage(fixture('picture.jpg'), {});
    const expected = await sharp(fixture('pictureDecoded.png')).raw().toBuffer();
    expect([image.height, image.width]).toEqual([60, 80]);
    expect(meanAbsoluteDifference(image.data, expected)).toBeLessThan(0.5);
  });

  test.each(['png', 'webp', 'gif', 'tiff', 'avif', 'jpeg'] as const)('%s is read', async (format) => {
    const lossless = { ...(format === 'webp' && { lossless: true }) };
    const image = await decodeImage(await bands().toFormat(format, lossless).toBuffer(), {});
    expect([image.height, image.width]).toEqual([60, 40]);
    expectNear(pixelAt(image, 10, 20), [255, 0, 0], 12);
    expectNear(pixelAt(image, 30, 20), [0, 255, 0], 12);
    expectNear(pixelAt(image, 50, 20), [0, 0, 255], 12);
  });

  test.each([
    // Where the red band comes to lie: [y, x].
    [3, 60, 40, [55, 20]],
    [6, 40, 60, [20, 55]],
    [8, 40, 60, [20, 5]],
  ] as const)('an EXIF orientation of %i is applied', async (orientation, height, width, [y, x]) => {
    const bytes = await bands().withMetadata({ orientation }).jpeg({ quality: 100 }).toBuffer();
    const image = await decodeImage(bytes, {});
    expect([image.height, image.width]).toEqual([height, width]);
    expectNear(pixelAt(image, y, x), [255, 0, 0], 12);
  });

  test('gray, gray with alpha, CMYK, alpha, 16 bits and a palette become RGB of 8 bits', async () => {
    const gray = await decodeImage(await bands().grayscale().png().toBuffer(), {});
    expect(gray.data).toHaveLength(60 * 40 * 3);
    const [r, g, b] = pixelAt(gray, 10, 20);
    expect([g, b]).toEqual([r, r]);

    const grayAlpha = await decodeImage(await bands().grayscale().ensureAlpha(0.5).png().toBuffer(), {});
    expect(grayAlpha.data).toEqual(gray.data);

    const grayJpeg = await decodeImage(await bands().grayscale().jpeg().toBuffer(), {});
    expect(grayJpeg.data).toHaveLength(60 * 40 * 3);

    const cmyk = await decodeImage(await bands().toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer(), {});
    expect(cmyk.data).toHaveLength(60 * 40 * 3);
    const [red, green, blue] = pixelAt(cmyk, 10, 20) as [number, number, number];
    expect(red).toBeGreaterThan(200);
    expect(Math.max(green, blue)).toBeLessThan(80);

    // As PIL's conversion does: the color behind the alpha, not a blend.
    const alpha = await decodeImage(await bands().ensureAlpha(0).png().toBuffer(), {});
    expect(pixelAt(alpha, 10, 20)).toEqual([255, 0, 0]);

    const deep = await decodeImage(await bands().toColourspace('rgb16').png().toBuffer(), {});
    expect(pixelAt(deep, 50, 20)).toEqual([0, 0, 255]);

    const palette = await decodeImage(await bands().png({ palette: true }).toBuffer(), {});
    expect(pixelAt(palette, 30, 20)).toEqual([0, 255, 0]);
  });
});

describe('decodeCrops', () => {
  test('takes the parts that the draws say, from a path as from bytes', async () => {
    const path = fixture('picture.jpg');
    const { crops } = await decodeCrops(path, recipe, at);
    expect((await decodeCrops(await readFile(path), recipe, at)).crops).toEqual(crops);
    expect(crops).toHaveLength(2);
    const resolved = parseRecipe(recipe);
    const image = await decodeImage(path, {});
    for (const [view, crop] of crops.entries()) {
      const { draws, stream } = drawSample(resolved, at.index, { ...at, view });
      const box = drawCropBox(stream, 60, 80, resolved.randomResizedCrop);
      expect(crop).toEqual(resampleImage(image, cropResampling(box, 32, draws.flip)));
    }
    expect(crops[0]).not.toEqual(crops[1]);
  });

  test('images of a single pixel and of a single row have crops', async () => {
    for (const [height, width] of [
      [1, 1],
      [1, 50],
      [50, 1],
    ] as const) {
      const raw = { raw: { width, height, channels: 3 as const } };
      const bytes = await sharp(picture(height, width), raw).png().toBuffer();
      const { crops } = await decodeCrops(bytes, recipe, at);
      for (const crop of crops) expect(crop).toHaveLength(32 * 32 * 3);
      expect(await decodePlain(bytes, recipe)).toHaveLength(32 * 32 * 3);
    }
  });
});

test('decodePlain resizes the shorter side and cuts the centre', async () => {
  const path = fixture('picture.jpg');
  const image = await decodeImage(path, {});
  const expected = resampleImage(image, centreResampling(60, 80, parseRecipe(recipe)));
  expect(await decodePlain(path, recipe)).toEqual(expected);
  expect(await decodePlain(await readFile(path), recipe)).toEqual(expected);
});

describe('what cannot be used is refused', () => {
  const decoders = [
    [
      'decodeCrops',
      (source: string | Uint8Array, options = {}) => decodeCrops(source, recipe, { ...at, ...options }),
    ],
    ['decodePlain', (source: string | Uint8Array, options = {}) => decodePlain(source, recipe, options)],
  ] as const;

  describe.each(decoders)('%s', (_, decode) => {
    test('bytes that are no image, or none at all', async () => {
      for (const bytes of [new Uint8Array(0), Buffer.from('no image'), Buffer.alloc(5000, 7)]) {
        await expect(decode(bytes)).rejects.toMatchObject({
          code: 'IMAGE_CORRUPT',
          given: `${bytes.length} bytes`,
        });
      }
    });

    test('what is of another format, however sharp would read it and whatever it is called', async () => {
      const svg =
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="9" height="9"/></svg>';
      const path = join(folder, 'drawing.jpg');
      await writeFile(path, svg);
      await expect(decode(path)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT', given: path });
      const disguised = [
        svg,
        `<?xml version="1.0"?><!-- ${'GIF89a '.repeat(20)}-->${svg}`,
        gzipSync(svg),
        'P6 1 1 255 abc',
        Buffer.concat([Buffer.from([0, 0, 0, 20]), Buffer.from('ftypheic\0\0\0\0mif1')]),
        'ftyp',
        'RIFF',
      ];
      for (const content of disguised) {
        await expect(decode(Buffer.from(content))).rejects.toMatchObject({
          code: 'IMAGE_CORRUPT',
          message: expect.stringContaining('of no format that is decoded') as unknown,
        });
      }
    });

    test('a large SVG under .jpg, which decoders read from its path', async () => {
      const path = join(folder, 'large.jpg');
      await writeFile(path, '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
      await truncate(path, 2 ** 25 + 1);
      await expect(decode(path)).rejects.toMatchObject({
        message: expect.stringContaining('of no format that is decoded') as unknown,
      });
    });

    test('a JPEG or PNG that breaks off, and one with damaged data', async () => {
      const jpeg = await readFile(fixture('picture.jpg'));
      const png = await readFile(fixture('pictureDecoded.png'));
      const damaged = Buffer.from(png);
      damaged.fill(0x55, 2000, 2400);
      for (const bytes of [jpeg.subarray(0, 1500), png.subarray(0, 5000), damaged]) {
        await expect(decode(bytes)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
      }
      // What is there of it, for who wants that.
      await expect(decode(jpeg.subarray(0, 1500), { failOn: 'none' })).resolves.toBeDefined();
    });

    test('a decompression bomb, before it is decoded', async () => {
      // A PNG that says of itself that it has 900 million pixels.
      const bomb = pngWithout(30_000, 30_000);
      await expect(decode(bomb)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
      const path = fixture('picture.jpg');
      await expect(decode(path, { maxPixels: 60 * 80 - 1 })).rejects.toMatchObject({
        code: 'IMAGE_TOO_LARGE',
        given: path,
        expected: 'at most 4799 pixels',
      });
      await expect(decode(path, { maxPixels: 60 * 80 })).resolves.toBeDefined();
    });

    test('a file that is not there, and a folder; but a readable file is corrupt', async () => {
      const missing = join(folder, 'missing.jpg');
      await expect(decode(missing)).rejects.toMatchObject({ code: 'IMAGE_NOT_READABLE', given: missing });
      await expect(decode(folder)).rejects.toMatchObject({ code: 'IMAGE_NOT_READABLE', given: folder });
      const text = join(folder, 'text.jpg');
      await writeFile(text, 'no image');
      await expect(decode(text)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT', given: text });
    });

    test('options out of range', async () => {
      for (const maxPixels of [0, -1, 1.5, Number.NaN]) {
        await expect(decode(fixture('picture.jpg'), { maxPixels })).rejects.toMatchObject({
          code: 'INVALID_OPTION',
        });
      }
      await expect(decode(fixture('picture.jpg'), { failOn: 'never' })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    });
  });

  test('a number of views that cannot be, and a wrong recipe', async () => {
    for (const views of [0, 1.5, 5000]) {
      await expect(decodeCrops(fixture('picture.jpg'), recipe, { ...at, views })).rejects.toMatchObject({
        code: 'INVALID_OPTION',
      });
    }
    const wrong = { ...recipe, flip: { probability: 2 } } as AugmentationRecipe;
    await expect(decodeCrops(fixture('picture.jpg'), wrong, at)).rejects.toMatchObject({
      code: 'RECIPE_INVALID',
    });
    await expect(decodeCrops(fixture('picture.jpg'), recipe, { ...at, index: -1 })).rejects.toMatchObject({
      code: 'RANDOM_RANGE',
    });
  });
});

import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { randomStream } from '@protocl/core';
import { train } from '@protocl/pipeline';

import { encodePng, writeImageFolder } from '../imageFolder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tinyConfig } from '../tinyConfig.js';

/** Names that a table or a terminal could trip over, in the order of their UTF-16 code units. */
export const NAMES = [
  ' leading and trailing .png',
  'a "quoted", name.png',
  'café.png',
  'cafe\u0301.png',
  'comma,comma.png',
  'deep/er/still/photo.png',
  'line\nbreak.png',
  'return\rof the carriage.png',
  "semi;colon'.png",
  '猫 🐈.png',
].sort();

/** Images of a batch of the run, more than one of which there are. */
export const BATCH = 8;

/** A photo of a size of its own. */
export function photo(seed: number): { data: Uint8Array; width: number; height: number; png: Buffer } {
  const random = randomStream({ seed, purpose: 'photo' });
  const [width = 1, height = 1] = random.integers(2, 30).map((length) => 12 + length);
  const data = Uint8Array.from(random.integers(3 * width * height, 256));
  return { data, width, height, png: encodePng(data, width, height) };
}

/** A folder with a run of a moment, whose images are resized before they are cut, and photos below `photos`. */
export async function photosAndRun(): Promise<{ readonly parent: string; readonly run: string }> {
  const parent = await mkdtemp(join(tmpdir(), 'protocl-photos-'));
  await writeImageFolder(join(parent, 'train'), syntheticImages(32, 1, 20));
  for (const [seed, name] of NAMES.entries()) {
    const path = join(parent, 'photos', name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, photo(seed).png);
  }
  const run = join(parent, 'run');
  const changes = {
    data: { kind: 'folder', train: join(parent, 'train'), classes: 'none', workers: 1 },
    augmentation: { recipe: 'mocoV2', size: 16 },
    training: { epochs: 2, batchSize: 16 },
    method: { kind: 'pcl', warmupEpochs: 1, granularities: [4] },
    evaluation: { batchSize: BATCH },
  };
  await train(tinyConfig(changes), { folder: run });
  return { parent, run };
}

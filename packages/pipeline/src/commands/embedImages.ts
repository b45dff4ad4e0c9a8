import { requireKnownOptions } from '@protocl/core';
import { createFolderLoader, type SkippedEntry } from '@protocl/datasets';

import { plainBatches } from '../data/folderData.js';
import { openImages } from '../data/openImages.js';
import { encodePrepared, vectorSize, type OpenEncoderOptions } from '../encoder/openEncoder.js';
import { openSource } from '../encoder/openSource.js';
import { plainRecipe } from '../encoder/preprocessing.js';
import { pipelineError } from '../errors.js';
import { exists } from '../run/exists.js';
import { besideNpy, featureFormat, writeFeatures } from './featureFile.js';
import { readTable, tableBeside, tableOfPaths, writeTable } from './imageTable.js';

export interface EmbedImagesOptions extends OpenEncoderOptions {
  /** Threads that decode; one for each processor by default. */
  readonly workers?: number;
  /** Told after each batch how many images have been looked at, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** What {@link embedImages} wrote. */
export interface EmbeddedImages {
  /** The features, and the table beside them. */
  readonly files: readonly string[];
  /** [n, D]. */
  readonly shape: readonly [number, number];
  /** The checkpoint or the file of weights, absolute. */
  readonly source: string;
  /** The images that were encoded, n, in the order of the features. */
  readonly images: readonly string[];
  /** Images that were left out since they could not be used, and why. */
  readonly skipped: readonly SkippedEntry[];
}

/**
 * Writes the features of any images, not normalised, and beside them a CSV with their paths: row for row. Neither
 * classes nor the settings of a training are needed. An image that cannot be used is left out of both.
 *
 * @param images the path of a folder, which is searched with all below it, or of an image file; or several of either
 * @param encoder as `openEncoder` takes it: the folder of a run, a checkpoint, or a file of weights
 * @param out ends in `.safetensors` or `.npy`; the CSV is called the same but for its end
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION`; `IMAGES_NOT_FOUND` for a path that leads nowhere;
 *   `INVALID_FEATURES` if not one image can be used; what `openEncoder`, the data sets and the disk throw
 */
export async function embedImages(
  images: string | readonly string[],
  encoder: string,
  out: string,
  options: EmbedImagesOptions = {},
): Promise<EmbeddedImages> {
  requireKnownOptions<EmbedImagesOptions>('embedImages', options, {
    changes: true,
    log: true,
    maxPixels: true,
    workers: true,
    onProgress: true,
    signal: true,
  });
  const { maxPixels, workers, onProgress, signal, ...opening } = options;
  // Before anything is loaded.
  featureFormat(out);
  const table = tableBeside(out);
  await requireFree(table);
  const paths = typeof images === 'string' ? [images] : images;
  const found = await openImages(paths, { ...(signal && { signal }) });
  const opened = await openSource(encoder, opening);
  try {
    const most = maxPixels ?? opened.maxPixels;
    const folder = most === undefined ? found.folder : { ...found.folder, maxPixels: most };
    const total = folder.files.length;
    const skipped = [...found.skipped];
    const say = (entry: SkippedEntry) => opening.log?.(`left out: ${entry.path} (${entry.reason})`);
    for (const entry of skipped) say(entry);
    const nameOf = new Map(folder.files.map((file, at) => [file, found.names[at]!]));
    const recipe = plainRecipe(opened.preprocessing);
    const loader = createFolderLoader(folder, {
      recipe,
      seed: 0,
      batchSize: Math.min(opened.batchSize, total),
      views: 1,
      shuffle: false,
      dropRemainder: false,
      // Whoever encodes photos of their own wants the good ones, however many there are.
      maxCorruptShare: 1,
      ...(workers !== undefined && { workers }),
      ...(signal && { signal }),
      onSkipped: ({ path, reason }) => {
        const entry = { path: nameOf.get(path) ?? path, reason };
        skipped.push(entry);
        say(entry);
      },
    });
    const size = vectorSize(opened);
    const features = new Float32Array(total * size);
    const encoded: string[] = [];
    try {
      for await (const { images: batch, indices } of plainBatches(loader, recipe)) {
        try {
          features.set(await encodePrepared(opened.encoder, batch, opened.features), encoded.length * size);
        } finally {
          batch.dispose();
        }
        for (const index of indices) encoded.push(found.names[index]!);
        onProgress?.(encoded.length + skipped.length - found.skipped.length, total);
      }
    } finally {
      await loader.close();
    }
    if (encoded.length === 0) throw noneUsable(paths, skipped);
    const shape = [encoded.length, size] as const;
    const host = { features: features.subarray(0, encoded.length * size), shape };
    const files = await writeFeatures(out, host, { encoder: opened.source });
    await writeTable(table, tableOfPaths(encoded));
    await tellOfLabels(out, opening.log);
    return { files: [...files, table], shape, source: opened.source, images: encoded, skipped };
  } finally {
    opened.encoder.dispose();
  }
}

/** Classes beside a `.npy` may be the user's own, and count as those of whatever it holds. */
async function tellOfLabels(out: string, log: ((line: string) => void) | undefined): Promise<void> {
  const labels = besideNpy(out, 'labels');
  if (labels === out || !(await exists(labels))) return;
  log?.(`${labels} stays, and is read as the classes of these images`);
}

/** A table of an earlier call is replaced, as its features are; another file is not. */
async function requireFree(table: string): Promise<void> {
  if ((await readTable(table)) !== 'foreign') return;
  throw pipelineError('INVALID_OPTION', {
    message: 'where the paths of the images would be written, there is a file of another kind',
    given: table,
    expected: 'no file, or a CSV that begins with the column path',
    remedy: 'Choose another name by --out, or move that file away',
  });
}

function noneUsable(paths: readonly string[], skipped: readonly SkippedEntry[]): Error {
  return pipelineError('INVALID_FEATURES', {
    message: 'there are no images to encode: not one could be used',
    given: [paths.join(', '), ...skipped.slice(0, 3).map(({ path, reason }) => `${path}: ${reason}`)].join(
      '; ',
    ),
    expected: 'at least one JPEG, PNG, WebP, AVIF, GIF or TIFF',
  });
}

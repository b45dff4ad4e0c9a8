import { join } from 'node:path';

import { printable, writeFileAtomic } from '@protocl/core';

import { reportError } from '../errors.js';
import type { EmbeddingView, SpriteSheet } from '../reportInput.js';
import { decodeSheet } from '../sprites/sheetPicture.js';
import { arrangeTiles, encodePng } from './tiles.js';

/** Vectors on the host. */
export interface ProjectedFeatures {
  /** [n · D], row-major. */
  readonly values: ArrayLike<number>;
  /** [n, D]. */
  readonly shape: readonly [number, number];
}

/**
 * Writes the files of TensorBoard's projector: `tensors.tsv`, `metadata.tsv`, `sprite.png` where there are
 * images, and `projector_config.pbtxt`.
 *
 * @param features of the embedding's points, in its order; the points of the plane where there are none
 * @returns the paths that were written
 * @throws {ProtoclError} `INVALID_SHAPE` if there are not as many features as points; `DISK_FULL`,
 *   `FILE_NOT_WRITABLE`
 */
export async function writeProjector(
  folder: string,
  view: EmbeddingView,
  thumbnails: SpriteSheet | undefined,
  features?: ProjectedFeatures,
): Promise<string[]> {
  const [count, dimension] = features?.shape ?? [view.x.length, 2];
  if (count !== view.x.length || (features && features.values.length !== count * dimension)) {
    throw reportError('INVALID_SHAPE', {
      message: 'the features are not those of the points',
      given: `${features?.values.length} values for [${count}, ${dimension}]`,
      expected: `[${view.x.length}, D]`,
    });
  }
  const rows = Array.from({ length: count }, (_, point) =>
    features
      ? Array.from({ length: dimension }, (__, at) => features.values[point * dimension + at])
      : [view.x[point], view.y[point]],
  );
  const written: string[] = [];
  const write = async (name: string, content: string | Uint8Array) => {
    written.push((await writeFileAtomic(join(folder, name), content)).path);
  };
  await write('tensors.tsv', rows.map((row) => `${row.join('\t')}\n`).join(''));
  await write('metadata.tsv', metadata(view));
  const images = view.thumbnails;
  if (thumbnails && images) await write('sprite.png', await sprite(thumbnails, images));
  await write('projector_config.pbtxt', config(thumbnails && images ? thumbnails : undefined));
  return written;
}

/** A line for each point, under a line with names unless there is one column alone, as the projector wants it. */
function metadata({ x, labels, classNames, prototypes = [] }: EmbeddingView): string {
  const columns: { name: string; of: (point: number) => string }[] = [
    {
      name: 'class',
      of: (point) => (labels ? (classNames?.[labels[point]!] ?? String(labels[point])) : '-'),
    },
    ...prototypes.map(({ k, assignments }) => ({
      name: `prototype of ${k}`,
      of: (point: number) => String(assignments[point]),
    })),
  ];
  const head = columns.length > 1 ? [columns.map(({ name }) => name)] : [];
  const rows = x.map((_, point) => columns.map(({ of }) => of(point)));
  // Tabs and line breaks are what the file is made of.
  return [...head, ...rows]
    .map((row) => `${row.map((text) => printable(text.replaceAll(/\s+/g, ' '))).join('\t')}\n`)
    .join('');
}

/** The images of the points in their order: the projector knows no other. */
async function sprite(sheet: SpriteSheet, images: readonly number[]): Promise<Uint8Array> {
  const columns = Math.ceil(Math.sqrt(images.length));
  const rows = Array.from({ length: Math.ceil(images.length / columns) }, (_, row) =>
    images.slice(row * columns, (row + 1) * columns),
  );
  return encodePng(arrangeTiles(sheet, await decodeSheet(sheet), rows, columns));
}

function config(sprites: SpriteSheet | undefined): string {
  return [
    'embeddings {',
    '  tensor_name: "features"',
    '  tensor_path: "tensors.tsv"',
    '  metadata_path: "metadata.tsv"',
    ...(sprites
      ? [
          '  sprite {',
          '    image_path: "sprite.png"',
          `    single_image_dim: ${sprites.width}`,
          `    single_image_dim: ${sprites.height}`,
          '  }',
        ]
      : []),
    '}',
    '',
  ].join('\n');
}

import { isDeepStrictEqual } from 'node:util';

import { randomStream } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import { retrieve, tsne } from '@protocl/evaluators';
import { spriteSheet, type ProjectedFeatures, type ReportExtras, type Retrieval } from '@protocl/report';
import { loadCheckpoint, type Checkpoint } from '@protocl/trainer';
import * as tf from '@tensorflow/tfjs-core';

import type { Config } from '../config/schema.js';
import { loadData, type GivenImages } from '../data/loadData.js';
import { chosenIndices } from '../data/memoryData.js';
import { isPlainObject } from '../config/layers.js';
import { recipeOf } from '../data/recipe.js';
import type { RunData } from '../data/runData.js';
import { encodeFeatures } from '../evaluation/encodeFeatures.js';
import { openCheckpoint, type OpenedCheckpoint, type OpenCheckpointOptions } from '../run/openCheckpoint.js';
import { checkpointPrototypes, type StoredPrototypes } from './checkpointPrototypes.js';
import { clusterMontages, treeOfPrototypes } from './clusterViews.js';
import { confusionOf } from './confusionOf.js';
import { galleryOf } from './galleryOf.js';
import { imagesOf, shownMembers } from './shownMembers.js';
import { thumbnailPixels, type SeenImages } from './thumbnailPixels.js';

export interface RunExtrasOptions extends OpenCheckpointOptions {
  /** Images to look at, drawn at random from the training images and from the held-out ones; 2000 by default. */
  readonly points?: number;
  /** Images in memory, in place of those that the configuration names. */
  readonly images?: GivenImages;
  readonly signal?: AbortSignal;
}

/** What a report shows of a run's encoder. */
export interface RunExtras {
  readonly extras: ReportExtras;
  /** Of the embedding's points, normalised, for TensorBoard's projector. */
  readonly features: ProjectedFeatures;
}

const PERPLEXITY = 30;
const QUERIES = 16;
const NEIGHBOURS = 10;

/**
 * Looks at what the newest checkpoint of a run has learnt, on some of its images.
 *
 * @param path the folder of a run, or a checkpoint
 * @returns plain data; no tensor is kept, the engine is left running
 * @throws {ProtoclError} `NO_CHECKPOINT`; what `openCheckpoint`, the data and the evaluators throw; the
 *   signal's reason
 */
export async function runExtras(path: string, options: RunExtrasOptions = {}): Promise<RunExtras> {
  const { points = 2000, images, signal, changes = [], log } = options;
  const opened = await openCheckpoint(path, { changes, ...(log && { log }) });
  try {
    const { evaluation } = opened.config;
    const limited: Config = {
      ...opened.config,
      evaluation: {
        ...evaluation,
        trainLimit: Math.min(points, evaluation.trainLimit ?? points),
        testLimit: Math.min(points, evaluation.testLimit ?? points),
        // The limits are of the report, and the evaluation's settings need not fit them.
        knn: { ...evaluation.knn, k: Math.min(evaluation.knn.k, points) },
      },
    };
    const data = await loadData(limited, {
      ...(log && { log }),
      ...(images && { images }),
      ...(signal && { signal }),
    });
    try {
      return await look(opened, limited, data, options);
    } finally {
      await data.close();
    }
  } finally {
    opened.encoder.dispose();
  }
}

async function look(
  { encoder, checkpoint, epoch }: OpenedCheckpoint,
  config: Config,
  data: RunData,
  { signal, log = () => undefined }: RunExtrasOptions,
): Promise<RunExtras> {
  const known = await normalizedFeatures(encoder, data.train, config);
  try {
    // Drawn images are numbered among themselves.
    const limit = config.evaluation.trainLimit!;
    const drawn = limit < data.source.size ? chosenIndices(data.source.size, limit, config.seed) : undefined;
    const shown = drawn ? known.indices.map((index) => drawn[index]!) : known.indices;
    const prototypes = await prototypesOf(await loadCheckpoint(checkpoint), data, { signal, log });
    const recipe = recipeOf(config.augmentation);
    const { pixels, shape } = await thumbnailPixels(data.train.batches(), recipe);
    const points = shape[0];
    const clusters = shownMembers(prototypes, config.seed);
    const thumbnails = new Map(Array.from(shown, (image, point) => [image, point]));
    const missing = imagesOf(clusters).filter((image) => !thumbnails.has(image));
    const members = missing.length > 0 ? await thumbnailPixels(data.plainViews(missing), recipe) : NO_IMAGES;
    for (const [at, image] of members.indices.entries()) thumbnails.set(image, points + at);
    signal?.throwIfAborted();
    log(`embedding ${points} images by t-SNE`);
    const training = { labels: data.labels, classNames: data.train.classNames, thumbnails };
    const tree = treeOfPrototypes(prototypes, clusters, training);
    const ofHeldOut = await heldOutViews(encoder, known, data, config, thumbnails.size);
    const concentrations = prototypes.flatMap(({ k, concentration }) =>
      concentration ? [{ k, values: [...concentration] }] : [],
    );
    const extras: ReportExtras = {
      origin: `${checkpoint} (${epoch} epochs), ${points} training images drawn at random, features ${config.evaluation.features}`,
      thumbnails: await spriteSheet(
        new Uint8Array(Buffer.concat([pixels, members.pixels, ofHeldOut.pixels])),
        [thumbnails.size + ofHeldOut.count, shape[1], shape[2], 3],
      ),
      embedding: await embeddingOf(known, shown, prototypes, data, signal),
      retrievals: await retrievalsOf(known, data, config.seed),
      ...(prototypes.length > 0 && {
        montages: clusterMontages(prototypes, clusters, training),
        ...(concentrations.length > 0 && { concentrations }),
      }),
      ...(tree.length > 0 && { tree }),
      ...ofHeldOut.views,
    };
    const values = await known.features.data<'float32'>();
    return { extras, features: { values, shape: known.features.shape } };
  } finally {
    known.features.dispose();
  }
}

const NO_IMAGES: SeenImages = { pixels: new Uint8Array(0), shape: [0, 0, 0, 3], indices: new Int32Array(0) };

/** The clusters of a checkpoint, as long as they are of these images. */
async function prototypesOf(
  checkpoint: Checkpoint,
  data: RunData,
  { signal, log }: { readonly signal: AbortSignal | undefined; readonly log: (line: string) => void },
): Promise<StoredPrototypes[]> {
  const prototypes = checkpointPrototypes(checkpoint);
  if (prototypes.length === 0) return [];
  const trained = checkpoint.identity?.data;
  const isSame =
    prototypes[0]!.assignments.length === data.source.size &&
    (!isPlainObject(trained) || isDeepStrictEqual(trained['train'], (await data.digests(signal)).train));
  if (isSame) return prototypes;
  log('the training images are others than those that were clustered: the clusters are left out');
  return [];
}

/** What held-out images show, and the thumbnails that it takes, after the first ones. */
async function heldOutViews(
  encoder: Encoder,
  known: NormalizedImages,
  { train: { classNames }, test }: RunData,
  config: Config,
  firstThumbnail: number,
): Promise<{ views: Pick<ReportExtras, 'confusion' | 'gallery'>; pixels: Uint8Array; count: number }> {
  const nothing = { views: {}, pixels: new Uint8Array(0), count: 0 };
  if (known.labels === undefined || test?.labels === undefined) return nothing;
  const asked = await normalizedFeatures(encoder, test, config);
  try {
    const confusion = await confusionOf(known, asked, classNames, config);
    const seen = await thumbnailPixels(test.batches(), recipeOf(config.augmentation));
    const gallery = await galleryOf(known, asked, seen, { classNames, firstThumbnail });
    return {
      views: { ...(confusion && { confusion }), ...(gallery && { gallery: gallery.view }) },
      pixels: gallery?.pixels ?? nothing.pixels,
      count: gallery?.count ?? 0,
    };
  } finally {
    asked.features.dispose();
  }
}

/** Features of length 1, which is how they are compared. */
export interface NormalizedImages {
  /** float32 [N, D]. */
  readonly features: tf.Tensor2D;
  /** int32 [N]: which image each is of. */
  readonly indices: Int32Array;
  /** int32 [N]; undefined where the images have no classes. */
  readonly labels: Int32Array | undefined;
}

async function normalizedFeatures(
  encoder: Encoder,
  images: RunData['train'],
  config: Config,
): Promise<NormalizedImages> {
  const { features, ...rest } = await encodeFeatures(encoder, images, config.evaluation.features);
  const normalized = tf.tidy(() => tf.divNoNan<tf.Tensor2D>(features, tf.norm(features, 2, 1, true)));
  features.dispose();
  return { features: normalized, ...rest };
}

async function embeddingOf(
  { features, labels }: NormalizedImages,
  shown: Int32Array,
  prototypes: readonly StoredPrototypes[],
  data: RunData,
  signal: AbortSignal | undefined,
): Promise<NonNullable<ReportExtras['embedding']>> {
  const [count] = features.shape;
  const perplexity = Math.min(PERPLEXITY, Math.max(1, Math.floor((count - 1) / 3)));
  const { embedding } = await tsne(features, { perplexity, ...(signal && { signal }) });
  const coordinate = (axis: 0 | 1) =>
    Array.from({ length: count }, (_, point) => Number(embedding[2 * point + axis]!.toFixed(3)));
  return {
    method: `t-SNE, perplexity ${perplexity}`,
    x: coordinate(0),
    y: coordinate(1),
    ...(labels && { labels: [...labels], classNames: data.train.classNames }),
    prototypes: prototypes.map(({ k, assignments }) => ({
      k,
      assignments: [...shown].map((image) => assignments[image]!),
    })),
    thumbnails: Array.from({ length: count }, (_, point) => point),
  };
}

async function retrievalsOf(
  { features, labels }: NormalizedImages,
  { train: { classNames } }: RunData,
  seed: number,
): Promise<Retrieval[]> {
  const [count] = features.shape;
  if (count < 2) return [];
  const queries = randomStream({ seed, purpose: 'retrieval queries' }).permutation(count).slice(0, QUERIES);
  const found = await retrieve(features, queries, { count: Math.min(NEIGHBOURS, count - 1) });
  const named = (image: number) => ({
    thumbnail: image,
    ...(labels && { className: classNames[labels[image]!]! }),
  });
  return found.map(({ query, indices, similarities }) => ({
    query: named(query),
    neighbours: Array.from(indices, (image, at) => ({ ...named(image), similarity: similarities[at]! })),
  }));
}

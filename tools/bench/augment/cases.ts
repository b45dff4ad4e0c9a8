import { parseRecipe, recipes, type AugmentationRecipe } from '@protocl/augment';

import type { Case, PeerVariant } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';

/** At least 4 times the images a second. */
const VIEWS_LIMIT = 1 / 4;
/** At least 1.5 times. */
const FILES_LIMIT = 1 / 1.5;

const BATCH = 256;
/** Batches of a sample; both workers of the peer's loader need some. */
const BATCHES = 4;
const FILES = 128;
const TINY = { batch: 8, batches: 2, files: 4 };

/**
 * Two views of every image, by threads of ours and as many worker processes of the peer's loader, or threads of its
 * process. The peer has whole batches in plain PyTorch, torchvision's v2 transforms on tensors, and those on PIL images.
 *
 * @param picture the path of a JPEG
 */
export function augmentCases(picture: string, options: BenchOptions): Case[] {
  const { device, backend, tiny } = options;
  const sizes = tiny ? TINY : { batch: BATCH, batches: BATCHES, files: FILES };
  const benchCase = (
    name: string,
    threads: number,
    iterations: number,
    limit: number,
    settings: object,
    ways: readonly PeerVariant[],
  ): Case => ({
    name: `${name}/threads-${threads}`,
    measure: 'time',
    unit: 'ms',
    threads,
    ours: { ...settings, device, backend },
    peers: ways.map((way) => ({ ...way, task: { ...settings, ...way.task } })),
    iterations,
    // The promises were made for the processor and for the full sizes.
    ...(device === 'cpu' && !tiny && { limit }),
  });
  const views = (name: string, threads: number, recipe: AugmentationRecipe): Case =>
    benchCase(
      `two-views/${name}/batch-${sizes.batch}`,
      threads,
      sizes.batches,
      VIEWS_LIMIT,
      { case: 'views', recipe: parseRecipe(recipe), batch: sizes.batch },
      [
        { variant: 'plain PyTorch, by batches', task: { way: 'batched' } },
        ...loaded('v2', 'v2 on tensors', threads),
        ...loaded('pil', 'PIL', threads),
      ],
    );
  const most = Math.max(...options.threads);
  return [
    ...options.threads.flatMap((threads) => [
      views('cifar', threads, recipes.cifar()),
      views('moco-v2-32px', threads, recipes.mocoV2({ size: 32 })),
    ]),
    benchCase(
      'jpeg-two-crops/500x375-224px',
      most,
      sizes.files,
      FILES_LIMIT,
      { case: 'files', recipe: parseRecipe(recipes.mocoV2()), picture },
      [
        ...loaded('pil', 'PIL', most),
        ...loaded('pil-v2', 'PIL and v2', most),
        ...loaded('v2', 'decode_jpeg and v2', most),
      ],
    ),
  ];
}

/** One way in as many worker processes as there are threads, and in the one process with its threads. */
function loaded(way: string, name: string, threads: number): PeerVariant[] {
  return [threads, 0].map((workers) => ({
    variant: `${name}, ${workers === 0 ? 'no workers' : `${workers} ${workers === 1 ? 'worker' : 'workers'}`}`,
    task: { way, workers },
    mayFail: way === 'v2',
  }));
}

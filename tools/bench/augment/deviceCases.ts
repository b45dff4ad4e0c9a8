import { parseRecipe, recipes, type ResolvedRecipe } from '@protocl/augment';

import type { Case, PeerVariant } from '../harness/comparison.js';
import type { BenchOptions } from '../options.js';

const BATCH = 256;
const TINY_BATCH = 4;

/**
 * Two views of every image of a batch, made on a graphics processor from bytes in the host's memory.
 *
 * PyTorch does it in the ways that one would write: the whole batch at once in plain PyTorch, with draws for each
 * image; torchvision's v2 transforms image by image, the only way in which they draw for each image; and, not compared
 * with because it is less random, v2 with one draw for the whole batch.
 */
export function deviceAugmentCases({
  device,
  backend,
  threads,
  tiny,
}: Pick<BenchOptions, 'device' | 'backend' | 'threads' | 'tiny'>): Case[] {
  const batch = tiny ? TINY_BATCH : BATCH;
  const views = (name: string, side: number, recipe: ResolvedRecipe): Case => {
    const task = { case: 'views', recipe, batch, side, device };
    const way = (variant: string, how: string, aside = false): PeerVariant => ({
      variant,
      aside,
      mayFail: true,
      task: { ...task, way: how },
    });
    return {
      name: `two-views/${name}/batch-${batch}/${device}`,
      measure: 'time',
      unit: 'ms',
      threads: Math.max(...threads),
      items: batch,
      ours: { ...task, backend },
      peers: [
        way('plain PyTorch, by batches', 'batched'),
        way('torchvision v2, by images', 'v2-images'),
        way('torchvision v2, one draw a batch', 'v2-batch', true),
      ],
    };
  };
  return [
    views('cifar/32px', 32, parseRecipe(recipes.cifar())),
    views('moco-v2/256px-to-224px', 256, parseRecipe(recipes.mocoV2())),
  ];
}

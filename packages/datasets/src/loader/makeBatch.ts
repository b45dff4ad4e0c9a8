import { decodeCrops, decodePlain } from '@protocl/augment';
import { isProtoclError, randomStream } from '@protocl/core';

import { BatchRows } from './batchRows.js';
import type { BatchOutcome, BatchTask, CorruptImage, LoaderPlan } from './loaderPlan.js';
import { unpackPath } from './packedPaths.js';
import { UnusableImage, readImage } from './readImage.js';

/**
 * Makes one batch: a function of the plan, the epoch, the step and the files alone, so it does not
 * matter which worker does it, or when.
 *
 * In a batch of views, an image that can't be used is replaced. The candidates are the images of the
 * epoch's order, from a place on that is drawn by (seed, epoch, index of the replaced image); taken is
 * the first that can be used and is not in the batch. So a batch is always full, and an epoch has as
 * many batches as if all images were good. A plain batch comes without the image, as every other
 * image has its own place in another batch.
 *
 * @throws {ProtoclError} what {@link readImage} throws, and what decoding does for other reasons than
 *   the image's
 */
export async function makeBatch(plan: LoaderPlan, task: BatchTask): Promise<BatchOutcome> {
  const { batchSize, mostCorrupt } = plan;
  const { kind, step, order, repeats: allRepeats, cancelled } = task;
  const planned = order.slice(step * batchSize, (step + 1) * batchSize);
  const repeats =
    allRepeats && Int32Array.from(allRepeats.subarray(step * batchSize, (step + 1) * batchSize));
  const rows = new BatchRows(planned.length);
  const corrupt: CorruptImage[] = [];
  const tried = new Set(planned);

  /** Decodes an image into a row; false where there is no use in going on with it. */
  const decodeInto = async (row: number, index: number): Promise<boolean> => {
    // In an order that is given an image may come twice in a batch; it counts once.
    if (corrupt.some((image) => image.index === index)) return false;
    try {
      rows.set(row, index, await decode(plan, task, index, repeats?.[row] ?? 0));
      return true;
    } catch (error) {
      const reason = reasonToSkip(error);
      if (reason === undefined) throw error;
      corrupt.push({ index, reason });
      return false;
    }
  };
  const stop = (): BatchOutcome | undefined => {
    if (Atomics.load(cancelled, 0) !== 0) return { kind: 'cancelled' };
    return corrupt.length > mostCorrupt ? { kind: 'spoilt', corrupt } : undefined;
  };

  const empty: number[] = [];
  for (const [row, index] of planned.entries()) {
    if (!(await decodeInto(row, index))) empty.push(row);
    const stopped = stop();
    if (stopped !== undefined) return stopped;
  }
  if (kind === 'plain') return { kind: 'made', ...rows.withoutEmpty(), repeats, corrupt };

  for (const row of empty) {
    let filled = false;
    // What stands in has its own place in the order, or none.
    if (repeats) repeats[row] = 0;
    for (const candidate of candidates(plan, task, planned[row]!)) {
      if (tried.has(candidate)) continue;
      tried.add(candidate);
      filled = await decodeInto(row, candidate);
      const stopped = stop();
      if (stopped !== undefined) return stopped;
      if (filled) break;
    }
    if (!filled) return { kind: 'spoilt', corrupt };
  }
  return { kind: 'made', ...rows.withoutEmpty(), repeats, corrupt };
}

/** Indices of images that may stand in for one that can't be used, in the order to be tried. */
function* candidates({ seed }: LoaderPlan, { epoch, order }: BatchTask, replaced: number): Generator<number> {
  const stream = randomStream({ seed, purpose: 'replacement', epoch, step: replaced });
  const [start = 0] = stream.integers(1, order.length);
  for (let i = 0; i < order.length; i++) yield order[(start + i) % order.length]!;
}

/** The views of an image, other ones each time that it comes in an epoch; or its one plain version. */
async function decode(
  plan: LoaderPlan,
  task: BatchTask,
  index: number,
  repeat: number,
): Promise<readonly Uint8Array[]> {
  const { root, paths, recipe, seed, views, maxPixels } = plan;
  const file = await readImage(root, unpackPath(paths, index), maxPixels);
  if (task.kind === 'plain') return [await decodePlain(file, recipe, { maxPixels })];
  const which = { seed, epoch: task.epoch, index, firstView: repeat * views };
  const { crops } = await decodeCrops(file, recipe, { ...which, views, maxPixels });
  return crops;
}

const FAULTS_OF_THE_IMAGE = ['IMAGE_CORRUPT', 'IMAGE_TOO_LARGE', 'IMAGE_NOT_READABLE'];

/** Why an image is left out, or nothing if the error is not the image's fault. */
function reasonToSkip(error: unknown): string | undefined {
  if (error instanceof UnusableImage) return error.message;
  if (!isProtoclError(error) || !FAULTS_OF_THE_IMAGE.includes(error.code)) return undefined;
  // What went wrong, without the advice that follows.
  return error.message.split('. given: ')[0];
}

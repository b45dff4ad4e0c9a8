import { workerData } from 'node:worker_threads';

import { isProtoclError, serializeError } from '@protocl/core';
import { move, transferableSymbol, valueSymbol } from 'piscina';

import type { BatchOutcome, BatchTask, LoaderPlan } from './loaderPlan.js';
import { makeBatch } from './makeBatch.js';

const plan = workerData as LoaderPlan;

let turn: Promise<unknown> = Promise.resolve();

/**
 * What a worker thread does with a task. Tasks are worked off one after the other: further ones lie
 * ready here, so that a main thread that is busy training does not keep the workers waiting.
 */
export default async function decodeBatch(task: BatchTask): Promise<unknown> {
  const made = turn.then(() => outcomeOf(task));
  turn = made.catch(() => undefined);
  const outcome = await made;
  const buffers = outcome.kind === 'made' ? outcome.pixels.map(({ buffer }) => buffer) : [];
  return move({ [transferableSymbol]: buffers, [valueSymbol]: outcome });
}

async function outcomeOf(task: BatchTask): Promise<BatchOutcome> {
  if (Atomics.load(task.cancelled, 0) !== 0) return { kind: 'cancelled' };
  try {
    return await makeBatch(plan, task);
  } catch (error) {
    if (!isProtoclError(error)) throw error;
    return { kind: 'failed', error: serializeError(error) };
  }
}

import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { evaluate, loadConfig, resume, train, type ResolvedConfig, type RunSummary } from '@protocl/pipeline';
import type { TrainingEvent } from '@protocl/trainer';

import { median } from '../../../bench/harness/statistics.js';
import { packCheckpoint, unpackCheckpoint } from '../../checkpoint/travellingCheckpoint.js';
import { secondsLeft, value, type Step, type StepContext } from '../step.js';

/** What judging the encoder and packing the checkpoint may take after the last step. */
const RESERVE_SECONDS = 45;
const TINY_RESERVE_SECONDS = 15;
/** On a processor, a network and images that are through in seconds. */
const TINY_EPOCHS = 3;
const TINY_IMAGES = 640;
const PRESET = 'pcl-cifar10';

/** PCL on CIFAR-10 for as long as the budget lasts, going on where the call or the machine before has stopped. */
export const training: Step = {
  name: 'training',
  what: 'PCL on CIFAR-10 for as long as there is time, kNN, a checkpoint to go on from',
  leastSeconds: 90,
  // Then whatever else there is has its turn, and training all that is left.
  mostSeconds: 240,
  needs: ['images'],
  repeats: 'while there is time',
  async run(context) {
    const folder = join(context.home, 'runs', PRESET);
    await takeOver(context, folder);
    const summary = await trainOn(context, folder);
    await report(context, folder, summary);
    if (summary.checkpoint === null) return undefined;
    // Where it comes home, beside the figures.
    const packed = await packCheckpoint(summary.checkpoint, join(context.results, 'checkpoint'));
    context.tell(value('checkpoint that comes home', 'MiB', packed.bytes / 2 ** 20));
    context.tell(value('checkpoint', 'kind', packed.exact ? 'exact' : 'rounded to 16 bits'));
    return undefined;
  },
};

/** A checkpoint that was carried here begins the run, if nothing has been trained here yet. */
async function takeOver({ home, log, tell }: StepContext, folder: string): Promise<void> {
  const carried = join(home, 'checkpoint');
  if (existsSync(folder) || !existsSync(carried)) return;
  const { epoch, exact } = await unpackCheckpoint(carried, folder);
  log(`going on from epoch ${epoch} of another machine${exact ? '' : ', rounded to 16 bits'}`);
  tell(value('epochs that were carried here', 'count', epoch));
}

async function trainOn(context: StepContext, folder: string): Promise<RunSummary> {
  const reserve = context.tiny ? TINY_RESERVE_SECONDS : RESERVE_SECONDS;
  const signal = AbortSignal.timeout(Math.max(1, (secondsLeft(context) - reserve) * 1e3));
  const options = { signal, output: process.stderr };
  if (existsSync(join(folder, 'checkpoints'))) return resume(folder, options);
  return train(await configFor(context), { ...options, folder });
}

function configFor({ device, tiny }: StepContext): Promise<ResolvedConfig> {
  const engine = { backend: 'torch', device, ...(device !== 'cpu' && fast) };
  const small = {
    data: { limit: TINY_IMAGES, testLimit: TINY_IMAGES },
    encoder: { architecture: 'resnet8', width: 8 },
    method: { queue: 256, granularities: [10, 20], warmupEpochs: 1, batchNormSplits: 2 },
    training: { epochs: TINY_EPOCHS, batchSize: 64 },
  };
  const values = { engine, ...(tiny && small) };
  return loadConfig({ preset: PRESET, flags: [{ origin: 'gpu-check', values }] });
}

/** As PyTorch's users train: TF32, and the fastest of cuDNN's algorithms for each shape. */
const fast = { float32Precision: 'high', cudnnBenchmark: true } as const;

async function report(context: StepContext, folder: string, summary: RunSummary): Promise<void> {
  const { tell } = context;
  const events = await eventsOf(folder);
  const epochs = events.filter((event) => event.type === 'epoch');
  const expectations = events.filter((event) => event.type === 'expectation');
  tell(value('epochs in all', 'count', summary.epochs));
  if (summary.imagesPerSecond !== null) tell(value('training', 'images/s', summary.imagesPerSecond));
  if (epochs.length > 0) {
    tell(value('an epoch, E-step included', 's', median(epochs.map(({ seconds }) => seconds))));
    tell(value('loss of the last epoch', 'nats', epochs.at(-1)!.loss));
  }
  if (expectations.length > 0)
    tell(value('an E-step', 's', median(expectations.map(({ seconds }) => seconds))));
  for (const { purity, k } of summary.purities) tell(value(`purity, k = ${k}`, 'share', purity));
  for (const event of events) {
    const knn = event.type === 'evaluation' ? event.figures['knn'] : undefined;
    if (event.type === 'evaluation' && knn !== undefined)
      tell(value(`kNN after epoch ${event.epoch}`, 'share', knn));
  }
  const { knn } = await evaluate(folder, { evaluators: ['knn'], log: context.log });
  if (knn !== undefined) tell(value('kNN at the end', 'share', knn));
}

/** What the run has told of itself; a last line that was cut off counts for nothing. */
async function eventsOf(folder: string): Promise<TrainingEvent[]> {
  const lines = (await readFile(join(folder, 'log.jsonl'), 'utf8')).split('\n');
  return lines.flatMap((line) => {
    try {
      return [JSON.parse(line) as TrainingEvent];
    } catch {
      return [];
    }
  });
}

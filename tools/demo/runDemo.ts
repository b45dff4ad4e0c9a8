import { useBackend } from '@protocl/backend';
import { loadCifar10, type ImageDataset } from '@protocl/datasets';

import { Classifier } from './classifier.js';
import type { DemoOptions } from './options.js';
import { createProgress, percent, type Output } from './progress.js';
import { train } from './train.js';

export interface DemoContext {
  readonly output: Output;
  /** Before the training this ends the demo with its reason; during it, with the results so far. */
  readonly signal: AbortSignal;
  /** Where the images come from; CIFAR-10 by default. */
  readonly load?: typeof loadCifar10;
}

/** The network: small enough that a laptop's processor shows it several epochs in a minute. */
const NETWORK = { architecture: 'resnet8', width: 16 } as const;
/** How many test images are looked at on the way. */
const SAMPLE = 1000;

/** Trains a small ResNet on CIFAR-10, tests it and writes a summary. */
export async function runDemo(options: DemoOptions, context: DemoContext): Promise<void> {
  const { output, signal, load = loadCifar10 } = context;
  const print = (line: string) => output.write(`${line}\n`);

  const backend = await unless(signal, useBackend(options.backend, { log: print }));
  const log = (line: string) => print(`CIFAR-10: ${line}`);
  const [trainSet, testSet] = await Promise.all([
    load({ split: 'train', log, signal }),
    load({ split: 'test', log, signal }),
  ]);

  const classifier = new Classifier({ ...NETWORK, classes: trainSet.classNames.length, seed: options.seed });
  const description = `${NETWORK.architecture} of width ${NETWORK.width}`;
  print(`training ${description} for ${options.seconds} s, ${options.batchSize} images a step`);
  const progress = createProgress(options.seconds, output);
  const sample = firstImages(testSet, SAMPLE);
  try {
    const measureAccuracy = () => classifier.accuracy(sample);
    const result = await train(classifier, trainSet, { ...options, progress, signal, measureAccuracy });
    progress.stop();
    if (signal.aborted) print('stopped; these are the results so far (Ctrl-C again ends at once)');
    print(`testing on ${testSet.shape[0]} images`);
    const accuracy = await classifier.accuracy(testSet);
    print(
      summary({
        network: `${description}, ${classifier.network.parameterCount} parameters`,
        'images/s': (result.images / result.seconds).toFixed(0),
        minutes: `${(result.seconds / 60).toFixed(2)} (${result.epochs.toFixed(2)} epochs)`,
        loss: result.loss.toFixed(3),
        'test accuracy': `${percent(accuracy)} of ${testSet.shape[0]} images`,
        // In kilobytes on every platform.
        'peak memory': `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
        backend: `${backend.name} on ${backend.device}`,
        seed: String(options.seed),
      }),
    );
  } finally {
    progress.stop();
    classifier.dispose();
  }
}

function firstImages(dataset: ImageDataset, count: number): ImageDataset {
  const [size, ...imageShape] = dataset.shape;
  if (size <= count) return dataset;
  const images = dataset.images.subarray(0, (dataset.images.length / size) * count);
  return { ...dataset, images, labels: dataset.labels.subarray(0, count), shape: [count, ...imageShape] };
}

function summary(figures: Record<string, string>): string {
  const width = Math.max(...Object.keys(figures).map((name) => name.length));
  const lines = Object.entries(figures).map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
  return ['', 'CIFAR-10, trained with labels', ...lines].join('\n');
}

/** Awaits work that cannot be stopped, but no longer than until the signal. */
async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });
}

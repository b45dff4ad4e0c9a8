import { randomStream } from '@protocl/core';
import { spriteSheet, type JsonObject, type ReportExtras, type ReportInput } from '@protocl/report';

const EPOCHS = 4;
const STEPS = 50;

/** The log of a run of four epochs as `protocl train` writes it, the last epochs left out as asked. */
export function sampleLog({ epochs = EPOCHS, seed = 1 } = {}): JsonObject[] {
  const random = randomStream({ seed, purpose: 'sample log' });
  const log: JsonObject[] = [
    {
      time: '2026-01-02T03:04:05.006Z',
      type: 'run',
      config: 'sample',
      resumes: false,
      node: 'v20.19.0',
      pid: 1,
    },
    { time: '2026-01-02T03:04:05.007Z', type: 'message', text: 'run folder runs/sample' },
    { type: 'start', epoch: 0, step: 0, epochs: EPOCHS, stepsPerEpoch: STEPS },
    { type: 'evaluation', epoch: 0, figures: { knn: 0.25 }, seconds: 1 },
  ];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const figures = { 'objective@4': 10 - epoch, 'objective@8': 8 - epoch };
    log.push({ type: 'expectation', epoch, step: 0, figures, seconds: 2 });
    for (let step = 10; step <= STEPS; step += 10) {
      const loss = 5 / (1 + epoch + step / STEPS) + random.next() / 10;
      const position = { epoch, step, stepsPerEpoch: STEPS };
      const pace = { learningRate: 0.01 * (EPOCHS - epoch), imagesPerSecond: 500 + step };
      log.push({ type: 'step', ...position, loss, figures: { infoNCE: loss / 2, 'Acc@Inst': 0.5 }, ...pace });
    }
    log.push({
      type: 'epoch',
      epoch: epoch + 1,
      loss: 2,
      steps: STEPS,
      seconds: 30,
      residentBytes: 2 ** 28,
      tensors: 90,
    });
    log.push({ type: 'evaluation', epoch: epoch + 1, figures: { knn: 0.3 + epoch / 10 }, seconds: 1 });
  }
  return log;
}

export interface SampleOptions {
  readonly name?: string;
  readonly seed?: number;
  readonly extras?: ReportExtras;
}

/** A run that is over. */
export function sampleRun({ name = 'sample', seed = 1, extras }: SampleOptions = {}): ReportInput {
  return {
    name,
    folder: `runs/${name}`,
    config: {
      name,
      seed,
      evaluation: { features: 'backbone', knn: { k: 200, temperature: 0.1 }, linear: { l2: 0.0001 } },
    },
    log: [...sampleLog({ seed }), { type: 'end', epoch: EPOCHS, step: 0, status: 'completed' }],
    summary: {
      status: 'completed',
      knn: { random: 0.25, warmup: null, final: 0.6123 },
      linear: { random: 0.3, warmup: null, final: 0.7 },
      purities: [{ k: 4, purity: 0.5 }],
      peakMemoryBytes: 2 ** 29,
    },
    ...(extras && { extras }),
  };
}

export interface SampleExtrasOptions {
  readonly points?: number;
  readonly classNames?: readonly string[];
}

/** Extras with every part: points in a blob for each class, and images whose colour is their class. */
export async function sampleExtras({
  points = 200,
  classNames = ['cat', 'dog', 'ship'],
}: SampleExtrasOptions = {}): Promise<ReportExtras> {
  const random = randomStream({ seed: 5, purpose: 'sample extras' });
  const labels = [...random.integers(points, classNames.length)];
  const noise = random.normal(2 * points);
  const angle = (label: number) => (2 * Math.PI * label) / classNames.length;
  const shades = 12;
  const pixels = new Uint8Array(shades * 8 * 8 * 3).map((_, byte) => Math.floor(byte / 192) * 20);
  const classNameOf = (label: number) => classNames[label % classNames.length]!;
  return {
    origin: 'epoch 4, 200 images',
    thumbnails: await spriteSheet(pixels, [shades, 8, 8, 3]),
    embedding: {
      method: 't-SNE, perplexity 30',
      x: labels.map((label, point) => 20 * Math.cos(angle(label)) + 4 * noise[2 * point]!),
      y: labels.map((label, point) => 20 * Math.sin(angle(label)) + 4 * noise[2 * point + 1]!),
      labels,
      classNames,
      prototypes: [4, 8].map((k) => ({ k, assignments: labels.map((label, point) => (label + point) % k) })),
      thumbnails: labels.map((_, point) => point % shades),
    },
    montages: [4, 8].map((k) => ({
      k,
      cluster: 1,
      size: 40,
      topClass: { name: classNameOf(0), share: 0.8 },
      nearest: [0, 1, 2],
      random: [2, 0, 3],
    })),
    tree: [
      {
        name: `prototype 0, ${classNameOf(0)}`,
        size: 120,
        nearest: [1],
        children: [{ name: 'prototype 3', size: 60 }],
      },
      { name: 'prototype 1', size: 80 },
    ],
    retrievals: [
      {
        query: { thumbnail: 0, className: classNameOf(0) },
        neighbours: [1, 2].map((thumbnail) => ({
          thumbnail,
          className: classNameOf(thumbnail),
          similarity: 0.9,
        })),
      },
    ],
    gallery: {
      protocol: 'linear SVM, C = 1, on 200 held-out images',
      classes: classNames.map((className, label) => ({
        className,
        truePositives: [label, label + 1],
        falsePositives: [{ thumbnail: label + 2, className: classNameOf(label + 1) }],
      })),
    },
    concentrations: [4, 8].map((k) => ({
      k,
      values: [...random.uniform(k)].map((value) => 0.1 + value / 10),
    })),
    confusion: {
      protocol: 'kNN, k = 200, on 200 held-out images',
      classNames,
      counts: classNames.map((_, row) => classNames.map((__, column) => (row === column ? 8 : 1))),
    },
    tables: [
      {
        title: 'low-shot',
        protocol: 'linear SVM, 5 draws',
        columns: ['1 image'],
        rows: [{ name: 'accuracy', values: [41.5] }],
      },
    ],
  };
}

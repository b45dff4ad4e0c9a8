import { plainSize } from '@protocl/augment';
import type { MemoryItem } from '@protocl/core';
import { encoderCost, type EncoderCost } from '@protocl/encoders';

import type { DataSizes } from '../config/combinations.js';
import type { Config } from '../config/schema.js';
import { isFileData } from '../config/sections/data.js';
import { recipeOf } from '../data/recipe.js';

/** A part of what a run needs. */
export interface MemoryNeed extends MemoryItem {
  /** Where it lies: with the engine's tensors, or in this process whatever the engine. */
  readonly place: 'engine' | 'host';
}

/** What a run needs at its fullest moment. */
export interface MemoryNeeds {
  /** From start to end. */
  readonly always: readonly MemoryNeed[];
  /** At moments that exclude each other, each beside what is always there. */
  readonly moments: readonly (readonly MemoryNeed[])[];
}

const FLOAT = 4;
const WIDTH = 'encoder.width';
const BATCH = 'training.batchSize';

/**
 * What a run needs at the least: no engine can do with less. What an engine needs besides, such as for its
 * convolutions, and what Node needs for itself is left out, so that nothing is refused that could work.
 *
 * @param sizes how many images there are; what depends on a number that is not known is left out
 */
export function memoryNeeds(config: Config, sizes: DataSizes): MemoryNeeds {
  const recipe = recipeOf(config.augmentation);
  const { size } = recipe.randomResizedCrop;
  const cost = { ...encoderCost(config.encoder, size), size };
  const plain = encoderCost(config.encoder, plainSize(recipe));
  const always = [
    ...weights(config, cost),
    ...contrasted(config, cost),
    ...held(config),
    ...prefetched(config, sizes, size),
  ];
  const moments = [
    step(config, cost),
    push(config, cost),
    expectation(config, cost, plain, sizes),
    evaluation(config, cost, plain, sizes),
  ];
  return { always, moments };
}

/** Weights, those of the momentum encoder, and what the optimizer keeps for each. */
function weights({ method, optimizer }: Config, { parameters, statistics }: EncoderCost): MemoryNeed[] {
  const bytes = FLOAT * (parameters + statistics);
  const slots = optimizer.kind === 'adamW' ? 2 : 1;
  const follows = method.kind === 'pcl' || method.kind === 'moco';
  return [
    onEngine('weights of the encoder', bytes, WIDTH),
    ...(follows ? [onEngine('weights of the momentum encoder', bytes, WIDTH)] : []),
    onEngine(`what ${optimizer.kind} keeps for each weight`, slots * FLOAT * parameters, WIDTH),
  ];
}

/** The queue and the prototypes, or the layer of pseudo-labels. */
function contrasted({ method, training }: Config, { outputSize }: EncoderCost): MemoryNeed[] {
  const needs: MemoryNeed[] = [];
  if (method.kind === 'deepcluster') {
    needs.push(
      onEngine('the layer of pseudo-labels', FLOAT * method.clusters * outputSize, 'method.clusters'),
    );
  }
  if (method.kind === 'pcl' || method.kind === 'moco') {
    needs.push(onEngine('the queue', FLOAT * method.queue * outputSize, 'method.queue'));
  }
  if (method.kind === 'pcl' && method.prototypeWeight > 0 && method.warmupEpochs < training.epochs) {
    const bytes = FLOAT * (outputSize + 1) * sum(method.granularities);
    needs.push(onEngine('prototypes', bytes, 'method.granularities'));
  }
  return needs;
}

/** Bytes of the images of the data sets that are loaded as a whole. */
const LOADED = { cifar10: 60_000 * 32 * 32 * 3, 'fashion-mnist': 70_000 * 28 * 28 * 3 } as const;

function held({ data }: Config): MemoryNeed[] {
  return isFileData(data) ? [] : [onHost('images', LOADED[data.kind], 'data.kind')];
}

/** Cropped images of batches that are made ahead: of an epoch, there are no more than it has. */
function prefetched({ data, training }: Config, { train }: DataSizes, size: number): MemoryNeed[] {
  if (!isFileData(data)) return [];
  const steps = train === undefined ? 1 : Math.max(1, Math.floor(train / training.batchSize));
  const batches = Math.min(data.prefetch, steps);
  const bytes = batches * training.batchSize * 2 * size ** 2 * 3;
  return [onHost(`${batches} batches made ahead`, bytes, 'data.prefetch')];
}

/** Of views of a height and width. */
interface ViewCost extends EncoderCost {
  readonly size: number;
}

/** The forward and the backward pass of a batch. */
function step({ method, training }: Config, cost: ViewCost): MemoryNeed[] {
  const { batchSize } = training;
  const views = FLOAT * 2 * batchSize * cost.size ** 2 * 3;
  const differentiated = method.kind === 'simclr' || ('symmetric' in method && method.symmetric) ? 2 : 1;
  const needs = [
    onEngine('views of a batch', views, [BATCH, 'augmentation.size']),
    onEngine('activations of a step', FLOAT * batchSize * differentiated * cost.activations, [
      BATCH,
      'augmentation.size',
      WIDTH,
    ]),
  ];
  const logits = (what: string, columns: number, setting: string, rows = batchSize) =>
    onEngine(`similarities to ${what}`, FLOAT * rows * columns, [...new Set([setting, BATCH])]);
  switch (method.kind) {
    case 'simclr':
      return [...needs, logits('all views of a batch', 2 * batchSize, BATCH, 2 * batchSize)];
    case 'deepcluster':
      return [...needs, logits('pseudo-labels', method.clusters, 'method.clusters')];
    case 'moco':
    case 'pcl':
      return [...needs, logits('the queue', method.queue, 'method.queue')];
    // The estimate is a lower bound: what another method compares a batch with need not be in it.
    default:
      return needs;
  }
}

/** After a step: gradients, and the new queue beside the old one. */
function push({ method }: Config, { parameters, outputSize }: EncoderCost): MemoryNeed[] {
  const gradients = onEngine('gradients', FLOAT * parameters, WIDTH);
  if (method.kind !== 'pcl' && method.kind !== 'moco') return [gradients];
  const queue = FLOAT * method.queue * outputSize;
  return [gradients, onEngine('the next queue beside the queue', queue, 'method.queue')];
}

/** The features of all images, for the clusters. */
function expectation(
  { method, training, evaluation, data }: Config,
  { outputSize }: EncoderCost,
  plain: EncoderCost,
  { train }: DataSizes,
): MemoryNeed[] {
  const clusters =
    method.kind === 'deepcluster' ||
    (method.kind === 'pcl' && method.prototypeWeight > 0 && method.warmupEpochs < training.epochs);
  if (!clusters || train === undefined) return [];
  const [most, setting] = isFileData(data)
    ? [training.batchSize, BATCH]
    : [evaluation.batchSize, 'evaluation.batchSize'];
  return [
    onEngine('features of all images', FLOAT * train * outputSize, 'encoder.head.dimension'),
    forward(Math.min(most, train), plain, setting),
  ];
}

/** The features of the images that are compared. */
function evaluation(
  { evaluation: { features, batchSize, trainLimit, testLimit } }: Config,
  { featureSize, outputSize }: EncoderCost,
  plain: EncoderCost,
  { train, test }: DataSizes,
): MemoryNeed[] {
  if (train === undefined || test === undefined) return [];
  const [known, held] = [Math.min(train, trainLimit ?? train), Math.min(test, testLimit ?? test)];
  const size = features === 'head' ? outputSize : featureSize;
  const bytes = FLOAT * (known + held) * size;
  return [
    onEngine('features of the images that are compared', bytes, 'evaluation.trainLimit'),
    forward(Math.min(batchSize, held), plain, 'evaluation.batchSize'),
  ];
}

/** What a forward pass without a gradient needs at the least. */
function forward(images: number, { widest }: EncoderCost, setting: string): MemoryNeed {
  return onEngine('activations of images encoded at once', FLOAT * images * widest, setting);
}

function onEngine(what: string, bytes: number, settings: string | readonly string[]): MemoryNeed {
  return { place: 'engine', what, bytes, settings: [settings].flat() };
}

function onHost(what: string, bytes: number, setting: string): MemoryNeed {
  return { place: 'host', what, bytes, settings: [setting] };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

import { buildPrototypes, type PrototypeOptions } from '@protocl/clustering';
import { randomStream } from '@protocl/core';
import { createEncoder, type Encoder } from '@protocl/encoders';
import { infoNCE, prototypeNCE, type PrototypeNCEOptions, type Prototypes } from '@protocl/losses';
import { FeatureQueue, MomentumEncoder, splitBatch } from '@protocl/momentum';
import * as tf from '@tensorflow/tfjs-core';

import { differentiate } from '../differentiate.js';
import { trainerError } from '../errors.js';
import type { Figures, Method, StepContext, StepResult, UpdateContext } from '../method.js';
import type { TrainingBatch, TrainingSource } from '../source.js';
import { joinStates, statePart, type State } from '../state.js';
import { instanceAccuracy, prototypeAccuracy } from './accuracy.js';
import { datasetFeatures } from './datasetFeatures.js';
import { pclProblems, pclSchema, type ParsedPcl, type PclOptions } from './pclOptions.js';
import { clusterFigures, Objectives } from './clusterFigures.js';
import {
  disposePrototypes,
  ofDataset,
  prototypesFromState,
  prototypesToState,
  rowsWithClusters,
} from './prototypes.js';

/** What PCL learns with. */
export interface CreatePclOptions extends PclOptions {
  /** The query encoder, which is trained; it stays the caller's to dispose. */
  readonly encoder: Encoder;
  /** The numbers of the source that it will be trained on. */
  readonly source: Pick<TrainingSource, 'size' | 'batchSize'>;
}

/**
 * Prototypical contrastive learning: each image is pulled to its own second view, as in MoCo, and to the
 * prototype of its cluster, among clusters that are made anew at every epoch after a warm-up.
 *
 * @throws {ProtoclError} `INVALID_OPTION` for options that cannot work with each other or the source
 * @see Li, Zhou, Xiong and Hoi, Prototypical Contrastive Learning of Unsupervised Representations, ICLR
 *   2021, Algorithm 1
 */
export function createPcl({ encoder, source, ...options }: CreatePclOptions): Method {
  const parsed = pclSchema.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw trainerError('INVALID_OPTION', {
      message: `${issue!.path.join('.')}: ${issue!.message}`,
      given: options,
      cause: parsed.error,
    });
  }
  const [problem] = pclProblems(parsed.data, source);
  if (problem !== undefined) {
    const { path, message, given, expected, remedy } = problem;
    throw trainerError('INVALID_OPTION', { message: `${path}: ${message}`, given, expected, remedy });
  }
  return new Pcl(encoder, source.size, parsed.data);
}

class Pcl implements Method {
  readonly name = 'pcl';
  readonly variables: Encoder['variables'];
  /** θ': the same network, whose weights follow. Its batch norms gather statistics of their own. */
  readonly #keyEncoder: Encoder;
  readonly #momentum: MomentumEncoder;
  readonly #queue: FeatureQueue;
  /** C and φ: the clusters of each granularity; none before the first E-step. */
  #prototypes: readonly Prototypes[] = [];
  #stepsSinceExpectation = 0;

  constructor(
    /** θ */
    readonly encoder: Encoder,
    private readonly size: number,
    private readonly options: ParsedPcl,
  ) {
    const { momentum, queue: capacity, seed } = options;
    this.variables = encoder.variables;
    this.#keyEncoder = createEncoder(encoder.options);
    // Also the statistics of weights that were loaded.
    for (const [name, variable] of Object.entries(this.#keyEncoder.statistics)) {
      variable.assign(encoder.statistics[name]!);
    }
    this.#momentum = new MomentumEncoder(encoder.variables, {
      momentum,
      variables: this.#keyEncoder.variables,
    });
    this.#queue = new FeatureQueue({ capacity, dimension: encoder.outputSize, seed });
  }

  /** E-step: v' = f_θ'(x) for all x; C_m = k-means(v', k_m) and φ_m for each granularity. */
  async beforeUpdate({ epoch, step, source, signal, log }: UpdateContext): Promise<Figures | undefined> {
    if (!this.#isExpectationDue(epoch, step)) return undefined;
    const encode = (images: tf.Tensor4D) => normalized(this.#keyEncoder.forward(images, { training: false }));
    const { features, images } = await datasetFeatures(source, encode, signal);
    const objectives = new Objectives();
    try {
      const clusters = await buildPrototypes(features, {
        ...this.#clustering(),
        onProgress: (progress) => objectives.add(progress),
        ...(log && { log }),
        ...(signal && { signal }),
      });
      disposePrototypes(this.#prototypes);
      this.#prototypes = clusters.map((granularity) => ofDataset(granularity, images, this.size));
    } finally {
      features.dispose();
    }
    this.#stepsSinceExpectation = 0;
    return clusterFigures(this.#prototypes, objectives);
  }

  /** M-step on a batch: the gradient of ProtoNCE(v, v', C, φ) in θ, with v = f_θ(x) and v' = f_θ'(x'). */
  step({ views: [first, second], indices }: TrainingBatch, context: StepContext): StepResult {
    const pairs: [query: tf.Tensor4D, key: tf.Tensor4D][] = [[first, second]];
    if (this.options.symmetric) pairs.push([second, first]);
    // Outside of the differentiation: no gradient flows into keys.
    const keys = pairs.map(([, view], pair) => this.#encodeKeys(view, pair, context));
    try {
      const result = differentiate(() => {
        const terms = pairs.map(([view], pair) => {
          const draws = { ...context, purpose: `negative prototypes ${pair}` };
          return this.#protoNCE(this.#encodeQueries(view), keys[pair]!, indices, draws);
        });
        return meanOfTerms(terms);
      }, this.variables);
      for (const key of keys) this.#queue.push(key);
      this.#stepsSinceExpectation += 1;
      return result;
    } finally {
      tf.dispose(keys);
    }
  }

  /** θ' = m·θ' + (1 - m)·θ */
  afterUpdate(): void {
    this.#momentum.update();
  }

  /** InfoNCE(v, v', queue) plus the mean over granularities of the prototype term, equation 11. */
  #protoNCE(query: tf.Tensor2D, key: tf.Tensor2D, indices: Int32Array, draws: Draws): LossTerm {
    const { temperature, prototypeWeight, seed } = this.options;
    const { epoch, step, measured, purpose } = draws;
    const instanceTerm = infoNCE(query, key, this.#queue.tensor(), { temperature });
    const figures: Record<string, tf.Scalar> = { infoNCE: instanceTerm };
    if (measured) figures['Acc@Inst'] = instanceAccuracy(query, key, this.#queue.tensor());
    if (!this.#usesPrototypes(epoch)) {
      if (measured) figures['Acc@Proto'] = tf.scalar(0);
      return { loss: instanceTerm, figures };
    }
    const clustered = rowsWithClusters(query, indices, this.#prototypes[0]!);
    if (clustered === undefined) return { loss: instanceTerm, figures };
    const options = { ...this.#selection(), rng: randomStream({ seed, purpose, epoch, step }) };
    const terms = this.#prototypes.map((granularity) =>
      prototypeNCE(clustered.query, granularity, clustered.indices, options),
    );
    const prototypeTerm = tf.mean<tf.Scalar>(tf.stack(terms));
    figures['prototypeNCE'] = prototypeTerm;
    if (measured) {
      figures['Acc@Proto'] = prototypeAccuracy(clustered.query, this.#prototypes, clustered.indices);
    }
    return { loss: tf.add(instanceTerm, tf.mul(prototypeTerm, prototypeWeight)), figures };
  }

  /** v = f_θ(x), [N, D], in training mode. */
  #encodeQueries(images: tf.Tensor4D): tf.Tensor2D {
    const splits = this.options.batchNormSplits;
    return normalized(
      splitBatch(images, { splits }, (part) => this.encoder.forward(part, { training: true })),
    );
  }

  /** v' = f_θ'(x'), [N, D], in training mode, batch norm being given other company than the queries'. */
  #encodeKeys(images: tf.Tensor4D, pair: number, { epoch, step }: StepContext): tf.Tensor2D {
    const { seed, batchNormSplits: splits } = this.options;
    const rng = randomStream({ seed, purpose: `order of keys ${pair}`, epoch, step });
    return tf.tidy(() =>
      normalized(
        splitBatch(images, { splits, rng }, (part) => this.#keyEncoder.forward(part, { training: true })),
      ),
    );
  }

  #isExpectationDue(epoch: number, step: number): boolean {
    if (!this.#isPastWarmup(epoch)) return false;
    const { everySteps = Infinity } = this.options.expectation;
    return step === 0 || this.#prototypes.length === 0 || this.#stepsSinceExpectation >= everySteps;
  }

  #usesPrototypes(epoch: number): boolean {
    return this.#isPastWarmup(epoch) && this.#prototypes.length > 0;
  }

  #isPastWarmup(epoch: number): boolean {
    return epoch >= this.options.warmupEpochs;
  }

  /** Options of the k-means of every granularity. */
  #clustering(): PrototypeOptions {
    const { granularities, temperature, seed, expectation } = this.options;
    const { warmStart, iterations, redo, minPointsPerCentroid, maxPointsPerCentroid } = expectation;
    const { alpha, clip, assigner } = expectation;
    const kmeans = { iterations, redo, minPointsPerCentroid, maxPointsPerCentroid, assigner };
    const cold = { granularities, temperature, seed, ...kmeans, alpha, clip };
    if (warmStart === undefined || this.#prototypes.length === 0) return cold;
    const initial = this.#prototypes.map(({ centroids }) => centroids);
    return { ...cold, initial, iterations: warmStart.iterations };
  }

  #selection(): PrototypeNCEOptions {
    const { prototypeNegatives: negatives, duplicates } = this.options;
    return { duplicates, ...(negatives !== undefined && { negatives }) };
  }

  async toState(): Promise<State> {
    return joinStates({
      encoder: await this.encoder.toState(),
      keyEncoder: await this.#keyEncoder.toState(),
      queue: await this.#queue.toState(),
      prototypes: await prototypesToState(this.#prototypes),
      pcl: { tensors: {}, values: { stepsSinceExpectation: this.#stepsSinceExpectation } },
    });
  }

  fromState(state: State): void {
    const { granularities } = this.options;
    const dimension = this.encoder.outputSize;
    const clusters = statePart(state, 'prototypes');
    const prototypes = prototypesFromState(clusters, { granularities, dimension, size: this.size });
    disposePrototypes(this.#prototypes);
    this.#prototypes = prototypes;
    this.encoder.fromState(statePart(state, 'encoder'));
    this.#keyEncoder.fromState(statePart(state, 'keyEncoder'));
    this.#queue.fromState(statePart(state, 'queue'));
    this.#stepsSinceExpectation = Number(statePart(state, 'pcl').values?.['stepsSinceExpectation']);
  }

  dispose(): void {
    disposePrototypes(this.#prototypes);
    this.#prototypes = [];
    this.#momentum.dispose();
    this.#keyEncoder.dispose();
    this.#queue.dispose();
  }
}

/** Where the random numbers of a step come from. */
interface Draws extends StepContext {
  readonly purpose: string;
}

interface LossTerm {
  readonly loss: tf.Scalar;
  readonly figures: Readonly<Record<string, tf.Scalar>>;
}

/** The mean loss, and the mean of each figure. */
function meanOfTerms(terms: readonly LossTerm[]): LossTerm {
  const mean = (scalars: readonly tf.Scalar[]) => tf.mean<tf.Scalar>(tf.stack([...scalars]));
  const names = Object.keys(terms[0]!.figures);
  return {
    loss: mean(terms.map(({ loss }) => loss)),
    figures: Object.fromEntries(
      names.map((name) => [name, mean(terms.map(({ figures }) => figures[name]!))]),
    ),
  };
}

/** Rows of length 1. */
function normalized(features: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    // A row of zeros stays one, with a finite gradient.
    const squares = tf.maximum(tf.sum(tf.square(features), 1, true), 1e-24);
    return tf.mul(features, tf.rsqrt(squares));
  });
}

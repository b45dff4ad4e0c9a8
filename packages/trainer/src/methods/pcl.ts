import { buildPrototypes, type PrototypeOptions, type Prototypes } from '@protocl/clustering';
import { randomStream, requireKnownOptions } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import { infoNCE, prototypeNCE, type PrototypeNCEOptions } from '@protocl/losses';
import * as tf from '@tensorflow/tfjs-core';

import type { Clusters, Figures, Method, StepContext, StepResult, UpdateContext } from '../method.js';
import { namesOf } from '../parseOptions.js';
import type { TrainingBatch, TrainingSource } from '../source.js';
import { joinStates, statePart, type State } from '../state.js';
import { instanceAccuracy, prototypeAccuracy } from './accuracy.js';
import { datasetFeatures } from './datasetFeatures.js';
import { clusterFigures, Objectives } from './clusterFigures.js';
import type { LossTerm } from './lossTerms.js';
import { MomentumContrast } from './momentumContrast.js';
import { requirePossible } from './optionProblem.js';
import { pclProblems, pclSchema, type ParsedPcl, type PclOptions } from './pclOptions.js';
import {
  disposePrototypes,
  ofDataset,
  prototypesFromState,
  prototypesToState,
  rowsWithClusters,
  type DatasetPrototypes,
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
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION` for options that cannot work with each other or the source
 * @see Li, Zhou, Xiong and Hoi, Prototypical Contrastive Learning of Unsupervised Representations, ICLR
 *   2021, Algorithm 1
 */
export function createPcl(options: CreatePclOptions): Method {
  requireKnownOptions('createPcl', options, { ...namesOf(pclSchema), encoder: true, source: true });
  const { encoder, source, ...own } = options;
  const parsed = requirePossible('createPcl', pclSchema, own, (given) => pclProblems(given, source));
  return new Pcl(encoder, source.size, parsed);
}

class Pcl implements Method {
  readonly name = 'pcl';
  readonly variables: Encoder['variables'];
  /** θ', and the queue. */
  readonly #contrast: MomentumContrast;
  /** C and φ: the clusters of each granularity; none before the first E-step. */
  #prototypes: readonly DatasetPrototypes[] = [];
  #stepsSinceExpectation = 0;

  constructor(
    /** θ */
    readonly encoder: Encoder,
    private readonly size: number,
    private readonly options: ParsedPcl,
  ) {
    this.variables = encoder.variables;
    this.#contrast = new MomentumContrast(encoder, options);
  }

  /** E-step: v' = f_θ'(x) for all x; C_m = k-means(v', k_m) and φ_m for each granularity. */
  async beforeUpdate({ epoch, step, source, signal, log }: UpdateContext): Promise<Figures | undefined> {
    if (!this.#isExpectationDue(epoch, step)) return undefined;
    const encode = (views: tf.Tensor4D) => this.#contrast.embed(views);
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
      this.#prototypes = clusters.map((found) =>
        ofDataset(this.#withConcentration(found), images, this.size),
      );
    } finally {
      features.dispose();
    }
    this.#stepsSinceExpectation = 0;
    return clusterFigures(this.#prototypes, objectives);
  }

  /** M-step on a batch: the gradient of ProtoNCE(v, v', C, φ) in θ, with v = f_θ(x) and v' = f_θ'(x'). */
  step(batch: TrainingBatch, context: StepContext): StepResult {
    const result = this.#contrast.step(batch, context, (query, key, pair) =>
      this.#protoNCE(query, key, batch.indices, { ...context, purpose: `negative prototypes ${pair}` }),
    );
    this.#stepsSinceExpectation += 1;
    return result;
  }

  /** θ' = m·θ' + (1 - m)·θ */
  afterUpdate(): void {
    this.#contrast.follow();
  }

  /** InfoNCE(v, v', queue) plus the mean over granularities of the prototype term, equation 11. */
  #protoNCE(query: tf.Tensor2D, key: tf.Tensor2D, indices: Int32Array, draws: Draws): LossTerm {
    const { temperature, instanceWeight, prototypeWeight, seed } = this.options;
    const { epoch, step, measured, purpose } = draws;
    const negatives = this.#contrast.negatives();
    const instanceTerm = infoNCE(query, key, negatives, { temperature });
    const figures: Record<string, tf.Scalar> = { infoNCE: instanceTerm };
    if (measured) figures['Acc@Inst'] = instanceAccuracy(query, key, negatives);
    if (!this.#usesPrototypes(epoch)) {
      if (measured) figures['Acc@Proto'] = tf.scalar(0);
      return { loss: instanceTerm, figures };
    }
    const clustered = rowsWithClusters(query, indices, this.#prototypes[0]!);
    const weighted = tf.mul<tf.Scalar>(instanceTerm, instanceWeight);
    if (clustered === undefined) return { loss: weighted, figures };
    const options = { ...this.#selection(), rng: randomStream({ seed, purpose, epoch, step }) };
    const terms = this.#prototypes.map((granularity) =>
      prototypeNCE(clustered.query, granularity, clustered.indices, options),
    );
    const prototypeTerm = tf.mean<tf.Scalar>(tf.stack(terms));
    figures['prototypeNCE'] = prototypeTerm;
    if (measured) {
      figures['Acc@Proto'] = prototypeAccuracy(clustered.query, this.#prototypes, clustered.indices);
    }
    return { loss: tf.add(weighted, tf.mul(prototypeTerm, prototypeWeight)), figures };
  }

  #isExpectationDue(epoch: number, step: number): boolean {
    if (!this.#isAfterWarmup(epoch)) return false;
    const { everySteps = Infinity } = this.options.expectation;
    return step === 0 || this.#prototypes.length === 0 || this.#stepsSinceExpectation >= everySteps;
  }

  #usesPrototypes(epoch: number): boolean {
    return this.#isAfterWarmup(epoch) && this.#prototypes.length > 0;
  }

  /** Never, where prototypes would count for nothing. */
  #isAfterWarmup(epoch: number): boolean {
    const { warmupEpochs, prototypeWeight } = this.options;
    return prototypeWeight > 0 && epoch >= warmupEpochs;
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

  /** For the ablation, one temperature in the place of the φ of each cluster. */
  #withConcentration(found: Prototypes): Prototypes {
    const { temperature, expectation } = this.options;
    if (expectation.concentration === 'estimated') return found;
    found.concentration.dispose();
    return { ...found, concentration: tf.fill<tf.Rank.R1>(found.concentration.shape, temperature) };
  }

  #selection(): PrototypeNCEOptions {
    const { prototypeNegatives: negatives, duplicates } = this.options;
    return { duplicates, ...(negatives !== undefined && { negatives }) };
  }

  clusters(): readonly Clusters[] {
    return this.#prototypes.map(({ centroids, assignments }) => ({ k: centroids.shape[0], assignments }));
  }

  async toState(): Promise<State> {
    return joinStates({
      ...(await this.#contrast.toStates()),
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
    this.#contrast.fromState(state);
    this.#stepsSinceExpectation = Number(statePart(state, 'pcl').values?.['stepsSinceExpectation']);
  }

  dispose(): void {
    disposePrototypes(this.#prototypes);
    this.#prototypes = [];
    this.#contrast.dispose();
  }
}

/** Where the random numbers of a step come from. */
interface Draws extends StepContext {
  readonly purpose: string;
}

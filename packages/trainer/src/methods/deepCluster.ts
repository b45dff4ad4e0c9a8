import { kmeans, normalizedMutualInformation, principalComponents } from '@protocl/clustering';
import { randomStream, requireKnownOptions } from '@protocl/core';
import type { Encoder } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { differentiate } from '../differentiate.js';
import { trainerError } from '../errors.js';
import type {
  Clusters,
  Figures,
  Method,
  Position,
  StepContext,
  StepResult,
  UpdateContext,
} from '../method.js';
import { namesOf } from '../parseOptions.js';
import type { TrainingBatch, TrainingSource } from '../source.js';
import { joinStates, statePart, type State } from '../state.js';
import { clusterSizes } from './clusterFigures.js';
import { labelAccuracy, meanCrossEntropy } from './crossEntropy.js';
import { datasetFeatures } from './datasetFeatures.js';
import {
  deepClusterProblems,
  deepClusterSchema,
  type DeepClusterOptions,
  type ParsedDeepCluster,
} from './deepClusterOptions.js';
import { normalized } from './normalized.js';
import { requirePossible } from './optionProblem.js';
import { NO_CLUSTER, NO_DISTANCE } from './prototypes.js';
import { PseudoLabelClassifier } from './pseudoLabelClassifier.js';
import { uniformOrder } from './uniformOrder.js';

/** What DeepCluster learns with. */
export interface CreateDeepClusterOptions extends DeepClusterOptions {
  /** The encoder, which is trained; it stays the caller's to dispose. */
  readonly encoder: Encoder;
  /** The numbers of the source that it will be trained on. */
  readonly source: Pick<TrainingSource, 'size' | 'batchSize'>;
}

/**
 * DeepCluster: clusters the features of all images, and learns to tell by one view of an image which
 * cluster it is in. Looks at the first view of a batch only.
 *
 * @throws {ProtoclError} `UNKNOWN_OPTION`, `INVALID_OPTION` for options that cannot work with each other or the source
 * @see Caron, Bojanowski, Joulin and Douze, Deep Clustering for Unsupervised Learning of Visual Features,
 *   ECCV 2018
 */
export function createDeepCluster(options: CreateDeepClusterOptions): Method {
  requireKnownOptions('createDeepCluster', options, {
    ...namesOf(deepClusterSchema),
    encoder: true,
    source: true,
  });
  const { encoder, source, ...own } = options;
  const parsed = requirePossible('createDeepCluster', deepClusterSchema, own, (given) =>
    deepClusterProblems(given, source),
  );
  return new DeepCluster(encoder, source.size, parsed);
}

class DeepCluster implements Method {
  readonly name = 'deepcluster';
  readonly variables: Encoder['variables'];
  readonly #classifier: PseudoLabelClassifier;
  /** int32 [n]: the pseudo-label of each image. */
  readonly #labels: Int32Array;
  /** float32 [n], of each image to its centroid, for those who look at the clusters. */
  readonly #distances: Float32Array;
  /** The epoch of the last clustering; none before the first. */
  #clustered: number | undefined;

  constructor(
    /** θ */
    readonly encoder: Encoder,
    private readonly size: number,
    private readonly options: ParsedDeepCluster,
  ) {
    this.variables = encoder.variables;
    this.#labels = new Int32Array(size).fill(NO_CLUSTER);
    this.#distances = new Float32Array(size).fill(NO_DISTANCE);
    const { clusters: classes, classifier } = options;
    this.#classifier = new PseudoLabelClassifier({ size: encoder.outputSize, classes, ...classifier });
  }

  /** Pseudo-labels: k-means of the whitened principal components of f_θ(x) for all x, each of length 1. */
  async beforeUpdate({ epoch, step, source, signal, log }: UpdateContext): Promise<Figures | undefined> {
    const { seed, clusters: k, components, everyEpochs, clustering } = this.options;
    const isDue = step === 0 && this.#clustered !== epoch && epoch % everyEpochs === 0;
    if (!isDue && this.#clustered !== undefined) return undefined;
    const encode = (images: tf.Tensor4D) => this.encoder.forward(images, { training: false });
    const { features, images } = await datasetFeatures(source, encode, signal);
    let whitened: tf.Tensor2D | undefined;
    try {
      const dimensions = Math.min(components, ...features.shape);
      const analysis = await principalComponents(features, { dimensions, whiten: true });
      try {
        whitened = tf.tidy(() => normalized(analysis.transform(features)));
      } finally {
        analysis.dispose();
      }
      const running = { ...(log && { log }), ...(signal && { signal }) };
      const { centroids, assignments, distances, objective } = await kmeans(whitened, {
        ...{ k, seed: clusteringSeed(seed, epoch), ...clustering },
        ...running,
      });
      centroids.dispose();
      const before = images.map((image) => this.#labels[image]!);
      this.#labels.fill(NO_CLUSTER);
      this.#distances.fill(NO_DISTANCE);
      for (const [row, image] of images.entries()) {
        this.#labels[image] = assignments[row]!;
        this.#distances[image] = distances[row]!;
      }
      const isFirst = this.#clustered === undefined;
      this.#clustered = epoch;
      this.#classifier.restart(seed, epoch);
      const stability = isFirst
        ? {}
        : { 'NMI with the clusters before': normalizedMutualInformation(before, assignments) };
      return { [`objective@${k}`]: objective, ...clusterSizes(assignments, k), ...stability };
    } finally {
      tf.dispose([features, ...(whitened ? [whitened] : [])]);
    }
  }

  /** As many images of each cluster, so that there is nothing to win by few large ones. */
  order({ epoch }: Pick<Position, 'epoch'>): Int32Array | undefined {
    if (this.options.sampling === 'all') return undefined;
    const { seed, clusters } = this.options;
    const random = randomStream({ seed, purpose: 'uniform order', epoch });
    return uniformOrder(this.#labels, clusters, random);
  }

  /** The gradient of the cross-entropy between an image's pseudo-label and what its view is taken for. */
  step({ views: [view], indices }: TrainingBatch, { measured }: StepContext): StepResult {
    const labels = indices.map((image) => this.#labels[image]!);
    const { loss, gradients, figures } = differentiate(
      () => {
        const output = this.encoder.forward(view, { training: true });
        // A head's last layer is linear; the backbone's features are positive already.
        const logits = this.#classifier.logits(tf.relu(output));
        const crossEntropy = meanCrossEntropy(logits, labels);
        const accuracy = measured && labelAccuracy(logits, labels);
        return { loss: crossEntropy, figures: { ...(accuracy && { 'Acc@Cluster': accuracy }) } };
      },
      { ...this.variables, ...this.#classifier.variables },
    );
    const isOfClassifier = ([name]: [string, tf.Tensor]) => name in this.#classifier.variables;
    const all = Object.entries(gradients);
    this.#classifier.accumulate(Object.fromEntries(all.filter(isOfClassifier)));
    return { loss, figures, gradients: Object.fromEntries(all.filter((entry) => !isOfClassifier(entry))) };
  }

  afterUpdate(): void {
    this.#classifier.update();
  }

  clusters(): readonly Clusters[] {
    if (this.#clustered === undefined) return [];
    return [{ k: this.options.clusters, assignments: this.#labels }];
  }

  async toState(): Promise<State> {
    const shape = [this.size];
    const labels = { dtype: 'int32', shape, data: this.#labels.slice() } as const;
    const distances = { dtype: 'float32', shape, data: this.#distances.slice() } as const;
    return joinStates({
      encoder: await this.encoder.toState(),
      classifier: await this.#classifier.toState(),
      clusters: { tensors: { labels, distances }, values: { epoch: this.#clustered ?? null } },
    });
  }

  fromState(state: State): void {
    const { tensors, values } = statePart(state, 'clusters');
    const labels = tensors['labels'];
    // A checkpoint of before distances were kept has none.
    const distances = tensors['distances']?.data ?? new Float32Array(this.size).fill(NO_DISTANCE);
    if (labels?.data.length !== this.size || distances.length !== this.size) {
      throw trainerError('CHECKPOINT_MISMATCH', {
        message: 'the stored pseudo-labels are of other images',
        given: labels
          ? `${labels.data.length} pseudo-labels, ${distances.length} distances`
          : 'no pseudo-labels',
        expected: `one for each of ${this.size} images`,
        remedy: 'Resume with the settings and the data set that the checkpoint was made with',
      });
    }
    this.#classifier.fromState(statePart(state, 'classifier'));
    this.encoder.fromState(statePart(state, 'encoder'));
    this.#labels.set(labels.data);
    this.#distances.set(distances);
    const epoch = values?.['epoch'];
    this.#clustered = typeof epoch === 'number' ? epoch : undefined;
  }

  dispose(): void {
    this.#classifier.dispose();
  }
}

/** Of other clusterings than those of any other seed. */
function clusteringSeed(seed: number, epoch: number): number {
  return randomStream({ seed, purpose: 'deepcluster: clustering', epoch }).integers(1, 2 ** 31)[0]!;
}

import { augmentBatch, recipes } from '@protocl/augment';
import {
  batchNorm,
  clusterSums,
  exponentialMovingAverageStep,
  nearestCentroid,
  sgdMomentumStep,
  studentRepulsion,
} from '@protocl/backend';
import { randomStream } from '@protocl/core';
import { createEncoder } from '@protocl/encoders';
import { infoNCE, ntXent, protoNCE, type Prototypes } from '@protocl/losses';
import * as tf from '@tensorflow/tfjs-core';

/** A computation that every engine has to agree on. */
export interface AgreementCase {
  readonly name: string;
  /** The most that ‖ours − reference‖ / ‖reference‖ may be, of each output. */
  readonly tolerance: number;
  /** Its outputs by name; the caller disposes them. */
  readonly compute: () => Readonly<Record<string, tf.Tensor>>;
}

/** Sums in float32, in whatever order. */
const EXACT = 1e-5;
/** Through a network, where the last digit of an activation decides whether a ReLU lets it through. */
const DEEP = 1e-2;

const [N, D, K, k, n] = [48, 64, 200, 24, 300];

/** The public ops of training: values and gradients. */
export const agreementCases: readonly AgreementCase[] = [
  {
    name: 'infoNCE',
    tolerance: EXACT,
    compute: () =>
      lossAndGradient(unit('query', N), (query) =>
        infoNCE(query, unit('key', N), unit('queue', K), { temperature: 0.1 }),
      ),
  },
  {
    name: 'protoNCE',
    tolerance: EXACT,
    compute: () =>
      lossAndGradient(unit('query', N), (query) =>
        protoNCE(query, unit('key', N), unit('queue', K), [prototypes()], batchIndex(), { temperature: 0.2 }),
      ),
  },
  {
    name: 'ntXent',
    tolerance: EXACT,
    compute: () =>
      lossAndGradient(unit('query', N), (query) => ntXent(query, unit('key', N), { temperature: 0.5 })),
  },
  ...[false, true].map((withResidual) => ({
    name: `batchNorm${withResidual ? ' + residual + relu' : ''}`,
    tolerance: 1e-4,
    compute: () => batchNormGradients(withResidual),
  })),
  { name: 'batchNorm, inference', tolerance: EXACT, compute: batchNormInference },
  { name: 'sgdMomentumStep', tolerance: EXACT, compute: sgdSteps },
  { name: 'exponentialMovingAverageStep', tolerance: EXACT, compute: averageSteps },
  {
    name: 'nearestCentroid',
    tolerance: EXACT,
    compute: () => ({ ...nearestCentroid(unit('points', n), unit('centroids', k)) }),
  },
  {
    name: 'clusterSums',
    tolerance: EXACT,
    compute: () => ({ sums: clusterSums(unit('points', n), tf.tensor1d(clustersOf(n), 'int32'), k) }),
  },
  {
    name: 'studentRepulsion',
    tolerance: 1e-4,
    compute: () => ({ ...studentRepulsion(normal('plane', [n, 2]) as tf.Tensor2D) }),
  },
  {
    name: 'augmentBatch',
    tolerance: 1e-4,
    compute: () => {
      const pixels = randomStream({ seed: 1, purpose: 'agreement: pixels' }).integers(8 * 40 * 40 * 3, 256);
      return {
        views: augmentBatch(
          tf.tensor4d(Float32Array.from(pixels), [8, 40, 40, 3]),
          recipes.mocoV2({ size: 32 }),
          {
            seed: 1,
            epoch: 0,
            indices: Array.from({ length: 8 }, (_, i) => i),
            view: 0,
          },
        ),
      };
    },
  },
  // No deeper one: of ResNet-50 with its first weights, the last digit of an image changes a hundredth of the gradient.
  ...(['resnet8', 'resnet18'] as const).map((architecture) => ({
    name: architecture,
    tolerance: DEEP,
    compute: () => networkGradients(architecture),
  })),
];

/** Values that every engine is given: counter-based, so the same everywhere. */
function normal(purpose: string, shape: readonly number[]): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = randomStream({ seed: 1, purpose: `agreement: ${purpose}` }).normal(size);
  return tf.tensor(Float32Array.from(values), [...shape]);
}

/** L2-normalised rows. */
function unit(purpose: string, rows: number): tf.Tensor2D {
  const vectors = normal(purpose, [rows, D]);
  return tf.div<tf.Tensor2D>(vectors, tf.norm(vectors, 2, 1, true));
}

function lossAndGradient(query: tf.Tensor2D, lossOf: (query: tf.Tensor2D) => tf.Scalar) {
  const { value: loss, grad: gradient } = tf.valueAndGrad((input) => lossOf(input as tf.Tensor2D))(query);
  return { loss, gradient };
}

function clustersOf(count: number): Int32Array {
  return randomStream({ seed: 1, purpose: 'agreement: clusters' }).integers(count, k);
}

function prototypes(): Prototypes {
  return {
    centroids: unit('centroids', k),
    assignments: clustersOf(n),
    concentration: tf.add<tf.Tensor1D>(tf.abs(normal('concentration', [k])), 0.1),
  };
}

function batchIndex(): Int32Array {
  return randomStream({ seed: 1, purpose: 'agreement: batch' }).permutation(n).slice(0, N);
}

function batchNormGradients(withResidual: boolean) {
  const x = normal('x', [8, 6, 6, 16]);
  const residual = normal('residual', [8, 6, 6, 16]);
  const weight = normal('weight', [8, 6, 6, 16]);
  const given = [x, normal('scale', [16]), normal('offset', [16]), ...(withResidual ? [residual] : [])];
  const { value, grads } = tf.valueAndGrads((input, scale, offset, added) =>
    tf.sum<tf.Scalar>(
      tf.mul(
        weight,
        batchNorm(input, {
          scale: scale,
          offset: offset,
          training: true,
          ...(added && { residual: added, activation: 'relu' }),
        }),
      ),
    ),
  )(given);
  return named({ value }, grads);
}

function batchNormInference() {
  return {
    y: batchNorm(normal('x', [8, 6, 6, 16]), {
      scale: normal('scale', [16]),
      offset: normal('offset', [16]),
      movingMean: normal('mean', [16]),
      movingVariance: tf.abs(normal('variance', [16])),
      training: false,
      residual: normal('residual', [8, 6, 6, 16]),
      activation: 'relu',
    }),
  };
}

/** Of unlike shapes, as a network has them: what is walked together has to be laid out alike. */
const PARAMETER_SHAPES = [[3, 3, 8, 16], [1, 1, 16, 32], [32, 10], [10], []];

function sgdSteps() {
  const parameters = PARAMETER_SHAPES.map((shape, i) => variable(`parameter ${i}`, shape));
  const velocities = PARAMETER_SHAPES.map((shape) => tf.variable(tf.zeros(shape), false));
  const gradients = PARAMETER_SHAPES.map((shape, i) => normal(`gradient ${i}`, shape));
  const settings = { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-2 };
  for (let step = 0; step < 3; step++) sgdMomentumStep(parameters, velocities, gradients, settings);
  return named({}, [...parameters, ...velocities].map(taken));
}

function averageSteps() {
  const averages = PARAMETER_SHAPES.map((shape, i) => variable(`average ${i}`, shape));
  const values = PARAMETER_SHAPES.map((shape, i) => variable(`parameter ${i}`, shape));
  for (let step = 0; step < 3; step++) exponentialMovingAverageStep(averages, values, { momentum: 0.9 });
  values.forEach((each) => each.dispose());
  return named({}, averages.map(taken));
}

function variable(purpose: string, shape: readonly number[]): tf.Variable {
  return tf.variable(normal(purpose, shape), false);
}

/** The value of a variable, which is disposed. */
function taken(from: tf.Variable): tf.Tensor {
  const value = tf.clone(from);
  from.dispose();
  return value;
}

function networkGradients(architecture: 'resnet8' | 'resnet18') {
  const encoder = createEncoder({
    architecture,
    stem: 'small',
    ...(architecture === 'resnet8' && { width: 16 }),
    head: { kind: 'mlp', dimension: 16 },
    seed: 1,
  });
  const images = normal('images', [16, 16, 16, 3]) as tf.Tensor4D;
  const weight = normal('weight of outputs', [16, 16]);
  const variables = Object.values(encoder.variables);
  const { value, grads } = tf.variableGrads(
    () => tf.mean<tf.Scalar>(tf.mul(weight, encoder.forward(images, { training: true }))),
    variables,
  );
  const inference = encoder.forward(images, { training: false });
  const gradients = tf.concat(variables.map(({ name }) => tf.reshape(grads[name]!, [-1])));
  tf.dispose([grads, images]);
  encoder.dispose();
  return { value, gradients, inference };
}

function named(first: Record<string, tf.Tensor>, others: readonly tf.Tensor[]): Record<string, tf.Tensor> {
  return { ...first, ...Object.fromEntries(others.map((tensor, i) => [`output ${i}`, tensor])) };
}

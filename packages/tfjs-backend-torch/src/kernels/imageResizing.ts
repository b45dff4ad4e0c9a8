import {
  FlipLeftRight,
  type FlipLeftRightInputs,
  ResizeBilinear,
  type ResizeBilinearAttrs,
  ResizeBilinearGrad,
  type ResizeBilinearGradAttrs,
  type ResizeBilinearGradInputs,
  type ResizeBilinearInputs,
  ResizeNearestNeighbor,
  type ResizeNearestNeighborAttrs,
  ResizeNearestNeighborGrad,
  type ResizeNearestNeighborGradAttrs,
  type ResizeNearestNeighborGradInputs,
  type ResizeNearestNeighborInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import { TorchBackendError } from '../errors.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const flip = operator('aten::flip');
const toType = operator('aten::to', 'dtype');
const indexSelect = operator('aten::index_select');
const addRows = operator('aten::index_add_');
const interpolate = operator('aten::lerp', 'Tensor');
const multiply = operator('aten::mul', 'Tensor');
const full = operator('aten::full');

/** The positions along an axis are lists in JavaScript, whose memory ends the process when it runs out. */
const LONGEST_AXIS = 2 ** 24;

/** How the positions of the output's elements are mapped to the input's. */
interface Sampling {
  alignCorners: boolean;
  halfPixelCenters?: boolean;
}

/** The elements on both sides of each sampled position of one axis, and how far it lies towards the second. */
interface Neighbours {
  lower: Handle;
  upper: Handle;
  /** Shaped for multiplication with an image batch. */
  weight: Handle;
  /** One less the weight. */
  rest: Handle;
}

defineKernel<FlipLeftRightInputs, object>(FlipLeftRight, ({ inputs, backend }) =>
  backend.output(flip(backend.handle(inputs.image), [2])),
);

defineKernel<ResizeBilinearInputs, ResizeBilinearAttrs>(
  ResizeBilinear,
  ({ inputs: { images }, attrs, backend }) => {
    let result = toType(backend.handle(images), 'float32');
    for (const axis of [1, 2]) {
      const { lower, upper, weight } = neighbours(
        images,
        attrs.size[axis - 1] as number,
        axis,
        attrs,
        backend,
      );
      result = interpolate(indexSelect(result, axis, lower), indexSelect(result, axis, upper), weight);
    }
    return backend.output(result);
  },
);

defineKernel<ResizeBilinearGradInputs, ResizeBilinearGradAttrs>(
  ResizeBilinearGrad,
  ({ inputs: { images, dy }, attrs, backend }) => {
    let gradient = backend.handle(dy);
    const shape = [...dy.shape];
    for (const axis of [1, 2]) {
      const size = images.shape[axis] as number;
      const { lower, upper, weight, rest } = neighbours(
        images,
        dy.shape[axis] as number,
        axis,
        attrs,
        backend,
      );
      shape[axis] = size;
      const sum = full(shape, 0, 'float32', undefined, backend.device);
      addRows(sum, axis, lower, multiply(gradient, rest));
      gradient = addRows(sum, axis, upper, multiply(gradient, weight));
    }
    return backend.output(gradient);
  },
);

defineKernel<ResizeNearestNeighborInputs, ResizeNearestNeighborAttrs>(
  ResizeNearestNeighbor,
  ({ inputs: { images }, attrs, backend }) => {
    let result = backend.handle(images);
    for (const axis of [1, 2]) {
      const size = images.shape[axis] as number;
      result = indexSelect(result, axis, nearest(size, attrs.size[axis - 1] as number, attrs, backend));
    }
    return backend.output(result);
  },
);

defineKernel<ResizeNearestNeighborGradInputs, ResizeNearestNeighborGradAttrs>(
  ResizeNearestNeighborGrad,
  ({ inputs: { images, dy }, attrs, backend }) => {
    let gradient = backend.handle(dy);
    const shape = [...dy.shape];
    for (const axis of [1, 2]) {
      const size = images.shape[axis] as number;
      shape[axis] = size;
      const sum = full(shape, 0, 'float32', undefined, backend.device);
      gradient = addRows(sum, axis, nearest(size, dy.shape[axis] as number, attrs, backend), gradient);
    }
    return backend.output(gradient);
  },
);

/** Distance between the sampled positions, in elements of the input. */
function step(inputSize: number, outputSize: number, { alignCorners }: Sampling): number {
  return alignCorners && outputSize > 1 ? (inputSize - 1) / (outputSize - 1) : inputSize / outputSize;
}

function neighbours(
  images: TensorInfo,
  outputSize: number,
  axis: number,
  sampling: Sampling,
  backend: TorchBackend,
): Neighbours {
  requireListable(outputSize);
  const inputSize = images.shape[axis] as number;
  const scale = step(inputSize, outputSize, sampling);
  const positions = Array.from({ length: outputSize }, (_, i) =>
    sampling.halfPixelCenters === true ? scale * (i + 0.5) - 0.5 : scale * i,
  );
  const lower = positions.map((position) => Math.max(0, Math.floor(position)));
  const upper = positions.map((position) => Math.max(0, Math.min(inputSize - 1, Math.ceil(position))));
  const weights = positions.map((position, i) => position - (lower[i] as number));
  // Along the width a weight for each channel makes one long loop of what were many short ones.
  const channels = axis === 1 ? 1 : (images.shape[3] as number);
  const shape = axis === 1 ? [outputSize, 1, 1] : [outputSize, channels];
  const indices = (values: number[]): Handle =>
    backend.constant(Int32Array.from(values), [outputSize], 'int32');
  const factors = (values: number[]): Handle => {
    const repeated = Float32Array.from(
      { length: outputSize * channels },
      (_, i) => values[Math.floor(i / channels)] as number,
    );
    return backend.constant(repeated, shape, 'float32');
  };
  return {
    lower: indices(lower),
    upper: indices(upper),
    weight: factors(weights),
    rest: factors(weights.map((weight) => 1 - weight)),
  };
}

function nearest(inputSize: number, outputSize: number, sampling: Sampling, backend: TorchBackend): Handle {
  requireListable(outputSize);
  const scale = step(inputSize, outputSize, sampling);
  const indices = Int32Array.from({ length: outputSize }, (_, i) => {
    const position = sampling.halfPixelCenters === true ? scale * (i + 0.5) : scale * i;
    return Math.min(inputSize - 1, sampling.alignCorners ? Math.round(position) : Math.floor(position));
  });
  return backend.constant(indices, [outputSize], 'int32');
}

function requireListable(size: number): void {
  if (!(size > LONGEST_AXIS)) return;
  throw new TorchBackendError('UNSUPPORTED', {
    message: `An image of ${size} elements along an axis cannot be made.`,
    given: size,
    expected: `at most ${LONGEST_AXIS} elements`,
  });
}

import * as tf from '@tensorflow/tfjs-core';

import { RandomSource } from './randomSource.js';

type NumericType = 'float32' | 'int32' | 'bool';

/** A tensor of a random call, before a backend holds it. */
export interface TensorPlan {
  readonly shape: number[];
  readonly dtype: NumericType;
  readonly values: number[];
}

/** One call of an op with tensors and arguments drawn by chance. */
export interface RandomCall {
  readonly name: string;
  readonly tensors: readonly TensorPlan[];
  /** Arguments besides the tensors, to be shown. */
  readonly options: readonly unknown[];
  readonly compute: (...tensors: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  /** Whether every result is a sum of products of the tensors' elements, each with a factor of at least 0. */
  readonly sumsProducts?: boolean;
}

type Plan = Omit<RandomCall, 'name'>;
type Draw = (draw: Draws) => Plan;

/** Everything that plans are drawn with. */
class Draws extends RandomSource {
  dimension(): number {
    return this.chance(0.06) ? 0 : this.whole(1, 4);
  }

  shape(leastRank = 0, mostRank = 4): number[] {
    return Array.from({ length: this.whole(leastRank, mostRank) }, () => this.dimension());
  }

  /** A shape that broadcasts to another one. */
  within(shape: readonly number[]): number[] {
    return shape.slice(this.whole(0, shape.length)).map((size) => (this.chance(0.3) ? 1 : size));
  }

  axes(shape: readonly number[]): number[] | undefined {
    if (this.chance(0.2)) return undefined;
    return shape.map((_, axis) => axis).filter(() => this.chance(0.5));
  }

  tensor(shape: number[], dtype: NumericType = 'float32'): TensorPlan {
    const draw = (): number => {
      if (dtype === 'bool') return this.whole(0, 1);
      return dtype === 'int32' || this.chance(0.3) ? this.whole(-6, 6) : (this.next() - 0.5) * 8;
    };
    return { shape, dtype, values: Array.from({ length: tf.util.sizeFromShape(shape) }, draw) };
  }

  /** Whole numbers below a limit, each position of the last axis with its own. */
  indices(shape: number[], limits: readonly number[]): TensorPlan {
    const size = tf.util.sizeFromShape(shape);
    const values = Array.from({ length: size }, (_, i) =>
      this.whole(0, Math.max(0, (limits[i % limits.length] as number) - 1)),
    );
    return { shape, dtype: 'int32', values };
  }
}

const numeric: NumericType[] = ['float32', 'int32'];
const all: NumericType[] = ['float32', 'int32', 'bool'];

const plans: Record<string, Draw> = {};

for (const name of [
  'abs',
  'atan',
  'ceil',
  'cos',
  'elu',
  'erf',
  'exp',
  'expm1',
  'floor',
  'relu',
  'relu6',
] as const) {
  plans[name] = (draw) => ({
    tensors: [draw.tensor(draw.shape())],
    options: [],
    compute: (x) => tf[name](x),
  });
}
for (const name of [
  'round',
  'selu',
  'sigmoid',
  'sign',
  'sin',
  'softplus',
  'square',
  'tanh',
  'step',
] as const) {
  plans[name] = (draw) => ({
    tensors: [draw.tensor(draw.shape())],
    options: [],
    compute: (x) => tf[name](x),
  });
}
for (const name of [
  'add',
  'sub',
  'mul',
  'maximum',
  'minimum',
  'squaredDifference',
  'less',
  'equal',
] as const) {
  plans[name] = (draw) => {
    const shape = draw.shape();
    const dtypes = [draw.pick(numeric), draw.pick(numeric)] as const;
    const tensors = [draw.tensor(draw.within(shape), dtypes[0]), draw.tensor(shape, dtypes[1])];
    return { tensors, options: [], compute: (a, b) => tf[name](a, b) };
  };
}
for (const name of ['sum', 'prod'] as const) {
  plans[name] = (draw) => {
    const tensor = draw.tensor(draw.shape(), draw.pick(all));
    const axes = draw.axes(tensor.shape);
    const keep = draw.chance(0.5);
    return { tensors: [tensor], options: [axes, keep], compute: (x) => tf[name](x, axes, keep) };
  };
}
for (const name of ['max', 'min', 'logSumExp'] as const) {
  plans[name] = (draw) => {
    // tfjs's cpu backend takes the extremum of nothing for NaN.
    const tensor = draw.tensor(draw.shape().map((size) => Math.max(1, size)));
    const axes = draw.axes(tensor.shape);
    return { tensors: [tensor], options: [axes], compute: (x) => tf[name](x, axes) };
  };
}
plans['cast'] = (draw) => {
  const dtype = draw.pick(all);
  const tensors = [draw.tensor(draw.shape(), draw.pick(all))];
  return { tensors, options: [dtype], compute: (x) => tf.cast(x, dtype) };
};
plans['transpose'] = (draw) => {
  const tensor = draw.tensor(draw.shape(0, 5), draw.pick(all));
  const order = tensor.shape.map((_, axis) => axis);
  order.forEach((_, i) => order.splice(draw.whole(0, i), 0, ...order.splice(i, 1)));
  return { tensors: [tensor], options: [order], compute: (x) => tf.transpose(x, order) };
};
plans['slice'] = (draw) => {
  const tensor = draw.tensor(draw.shape(1), draw.pick(all));
  const begin = tensor.shape.map((size) => draw.whole(0, size));
  // Now and then one too many, which tfjs refuses on every backend.
  const size = tensor.shape.map((each, i) => draw.whole(0, each - begin[i]!) + (draw.chance(0.03) ? 1 : 0));
  return { tensors: [tensor], options: [begin, size], compute: (x) => tf.slice(x, begin, size) };
};
plans['concat'] = (draw) => {
  const shape = draw.shape(1);
  const axis = draw.whole(0, shape.length - 1);
  const tensors = Array.from({ length: draw.whole(1, 4) }, () =>
    draw.tensor(shape.map((size, i) => (i === axis ? draw.dimension() : size))),
  );
  return { tensors, options: [axis], compute: (...parts) => tf.concat(parts, axis) };
};
plans['stack and unstack'] = (draw) => {
  // tfjs's cpu backend cannot take tensors without elements apart.
  const shape = draw.shape(0, 3).map((size) => Math.max(1, size));
  const dtype = draw.pick(all);
  const axis = draw.whole(0, shape.length);
  const tensors = Array.from({ length: draw.whole(1, 3) }, () => draw.tensor(shape, dtype));
  return { tensors, options: [axis], compute: (...parts) => tf.unstack(tf.stack(parts, axis), axis) };
};
plans['tile'] = (draw) => {
  const tensor = draw.tensor(draw.shape(1), draw.pick(all));
  const repetitions = tensor.shape.map(() => draw.whole(0, 3));
  return { tensors: [tensor], options: [repetitions], compute: (x) => tf.tile(x, repetitions) };
};
plans['pad'] = (draw) => {
  const tensor = draw.tensor(draw.shape(1, 4), draw.pick(numeric));
  const paddings = tensor.shape.map((): [number, number] => [draw.whole(0, 2), draw.whole(0, 2)]);
  return { tensors: [tensor], options: [paddings], compute: (x) => tf.pad(x, paddings, -2) };
};
plans['reverse'] = (draw) => {
  const tensor = draw.tensor(draw.shape(), draw.pick(all));
  const axes = draw.axes(tensor.shape);
  return { tensors: [tensor], options: [axes], compute: (x) => tf.reverse(x, axes) };
};
plans['gather'] = (draw) => {
  const tensor = draw.tensor(draw.shape(1), draw.pick(all));
  const axis = draw.whole(0, tensor.shape.length - 1);
  // Now and then one beyond the range, which is an error.
  const limit = tensor.shape[axis]! + (draw.chance(0.05) ? 1 : 0);
  const tensors = [tensor, draw.indices(draw.shape(0, 2), [limit])];
  return { tensors, options: [axis], compute: (x, indices) => tf.gather(x, indices, axis) };
};
plans['scatterND'] = (draw) => {
  const shape = draw.shape(1).map((size) => Math.max(1, size));
  const depth = draw.whole(1, shape.length);
  const count = draw.whole(0, 4);
  const tensors = [
    draw.indices([count, depth], shape.slice(0, depth)),
    draw.tensor([count, ...shape.slice(depth)]),
  ];
  return {
    tensors,
    options: [shape],
    compute: (indices, updates) => tf.scatterND(indices, updates, shape),
  };
};
plans['oneHot'] = (draw) => {
  const tensors = [draw.tensor(draw.shape(0, 3), 'int32')];
  return { tensors, options: [], compute: (x) => tf.oneHot(x, 4, 3, -1) };
};
plans['where'] = (draw) => {
  // tfjs's cpu backend takes the larger of 1 and 0 when it broadcasts these.
  const shape = draw.shape().map((size) => Math.max(1, size));
  const dtype = draw.pick(numeric);
  const tensors = [
    draw.tensor(shape, 'bool'),
    draw.tensor(draw.within(shape), dtype),
    draw.tensor(shape, dtype),
  ];
  return { tensors, options: [], compute: (condition, a, b) => tf.where(condition, a, b) };
};
plans['cumsum'] = (draw) => {
  const tensor = draw.tensor(draw.shape(1), draw.pick(numeric));
  const axis = draw.whole(0, tensor.shape.length - 1);
  const [exclusive, reverse] = [draw.chance(0.5), draw.chance(0.5)];
  const compute = (x?: tf.Tensor): tf.Tensor => tf.cumsum(x!, axis, exclusive, reverse);
  return { tensors: [tensor], options: [axis, exclusive, reverse], compute };
};
plans['softmax'] = (draw) => {
  const tensors = [draw.tensor(draw.shape(1))];
  return { tensors, options: [], compute: (x) => [tf.softmax(x), tf.logSoftmax(x)] };
};
plans['matMul'] = (draw) => {
  const [m, k, n] = [draw.dimension(), draw.dimension(), draw.dimension()];
  const [ofA, ofB] = [draw.chance(0.5), draw.chance(0.5)];
  const batch = draw.chance(0.5) ? [] : [draw.whole(1, 3)];
  // Now and then the inner sizes differ, which is an error.
  const inner = draw.chance(0.03) ? k + 1 : k;
  const tensors = [
    draw.tensor([...batch, ...(ofA ? [k, m] : [m, k])]),
    draw.tensor([...batch, ...(ofB ? [n, inner] : [inner, n])]),
  ];
  return {
    tensors,
    options: [ofA, ofB],
    compute: (a, b) => tf.matMul(a, b, ofA, ofB),
    sumsProducts: true,
  };
};
for (const name of ['conv2d', 'depthwiseConv2d'] as const) {
  plans[name] = (draw) => {
    const channels = draw.whole(1, 4);
    const stride = draw.whole(1, 3);
    const padding = draw.pick(['same', 'valid', 0, 1] as const);
    const dilation = stride === 1 ? draw.whole(1, 2) : 1;
    const given = draw.chance(0.03) ? channels + 1 : channels;
    const tensors = [
      draw.tensor([draw.dimension(), draw.whole(5, 8), draw.whole(5, 8), channels]),
      draw.tensor([draw.whole(1, 3), draw.whole(1, 3), given, draw.whole(1, 3)]),
    ];
    const compute = (x?: tf.Tensor, filter?: tf.Tensor): tf.Tensor =>
      tf[name](x as tf.Tensor4D, filter as tf.Tensor4D, stride, padding, 'NHWC', dilation);
    return { tensors, options: [stride, padding, dilation], compute, sumsProducts: true };
  };
}
plans['conv2d gradients'] = (draw) => {
  const channels = draw.whole(1, 20);
  const strides = draw.pick([1, 2, [1, 2], [2, 1]]);
  const pad = draw.pick(['same', 'valid', 0, 1] as const);
  const tensors = [
    draw.tensor([draw.whole(1, 3), draw.whole(5, 8), draw.whole(5, 8), channels]),
    draw.tensor([draw.whole(1, 3), draw.whole(1, 3), channels, draw.whole(1, 20)]),
  ];
  const compute = (x: tf.Tensor, filter: tf.Tensor): tf.Tensor[] => {
    const dy = tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, strides as number, pad);
    const attributes = { strides, pad, dataFormat: 'NHWC', inputShape: x.shape, filterShape: filter.shape };
    return [
      tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes),
      tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, attributes),
    ];
  };
  return {
    tensors,
    options: [strides, pad],
    compute: (x, filter) => compute(x, filter),
    sumsProducts: true,
  };
};
for (const name of ['maxPool', 'avgPool'] as const) {
  plans[name] = (draw) => {
    const [size, stride] = [draw.pick([1, 2, 3, [2, 3]]), draw.pick([1, 2, [2, 1]])];
    const padding = draw.pick(['same', 'valid', 0] as const);
    const tensors = [draw.tensor([draw.dimension(), draw.whole(3, 6), draw.whole(3, 6), draw.dimension()])];
    const compute = (x?: tf.Tensor): tf.Tensor =>
      tf[name](x as tf.Tensor4D, size as number, stride as number, padding);
    return { tensors, options: [size, stride, padding], compute };
  };
}
plans['resizeBilinear'] = (draw) => {
  const size: [number, number] = [draw.whole(1, 7), draw.whole(1, 7)];
  const aligned = draw.chance(0.5);
  const tensors = [draw.tensor([draw.dimension(), draw.whole(1, 5), draw.whole(1, 5), draw.dimension()])];
  const compute = (x?: tf.Tensor): tf.Tensor => tf.image.resizeBilinear(x as tf.Tensor4D, size, aligned);
  return { tensors, options: [size, aligned], compute };
};
plans['batchNorm'] = (draw) => {
  const shape = draw.shape(2, 4);
  const channels = shape.at(-1)!;
  const vector = (): TensorPlan => draw.tensor([channels]);
  const tensors = [draw.tensor(shape), vector(), vector(), vector(), vector()];
  const compute = (x?: tf.Tensor, mean?: tf.Tensor, variance?: tf.Tensor, ...rest: tf.Tensor[]): tf.Tensor =>
    tf.batchNorm(
      x!,
      mean as tf.Tensor1D,
      tf.abs(variance as tf.Tensor1D),
      ...(rest as [tf.Tensor1D, tf.Tensor1D]),
      0.1,
    );
  return { tensors, options: [], compute };
};
plans['unsortedSegmentSum'] = (draw) => {
  const tensor = draw.tensor(draw.shape(1, 3));
  const count = draw.whole(1, 4);
  const tensors = [tensor, draw.indices([tensor.shape[0]!], [count + 1])];
  return {
    tensors,
    options: [count],
    compute: (x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, count),
    sumsProducts: true,
  };
};

const names = Object.keys(plans);

/** The call of this number; the ops take turns. */
export function randomCall(number: number, seed: number): RandomCall {
  const name = names[number % names.length] as string;
  const draw = plans[name] as Draw;
  return { name, ...draw(new Draws(seed * 1_000_003 + number * 7_919)) };
}

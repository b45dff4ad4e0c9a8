import {
  add,
  type GradConfig,
  matMul,
  mul,
  type NamedAttrMap,
  registerGradient,
  reshape,
  rsqrt,
  concat,
  stack,
  sub,
  sum,
  type Tensor,
  tile,
  unstack,
} from '@tensorflow/tfjs-core';

type Saved = [Tensor, Tensor, ...Tensor[]];

/** `GradConfig['gradFunc']` for kernels with attributes whose types are known here. */
type GradientFunction<Attributes> = (
  dy: Tensor,
  saved: Saved,
  attributes: Attributes,
) => Record<string, () => Tensor>;

/**
 * Registers the gradients that the tests need, for inputs of equal shapes. tfjs-core's main entry brings kernels'
 * gradients along with the union package only, which also brings its own backends.
 */
export function registerGradientRules(): void {
  rule('Identity', {}, (dy) => ({ x: () => reshape(dy, dy.shape) }));
  rule('Cast', {}, (dy) => ({ x: () => reshape(dy, dy.shape) }));
  rule('Add', {}, (dy) => ({ a: () => reshape(dy, dy.shape), b: () => reshape(dy, dy.shape) }));
  rule('Sub', {}, (dy) => ({ a: () => reshape(dy, dy.shape), b: () => mul(dy, -1) }));
  rule('Multiply', { inputsToSave: ['a', 'b'] }, (dy, [a, b]) => ({
    a: () => (a.size === dy.size ? mul(dy, b) : reshape(sum(mul(dy, b)), a.shape)),
    b: () => (b.size === dy.size ? mul(dy, a) : reshape(sum(mul(dy, a)), b.shape)),
  }));
  rule('Exp', { outputsToSave: [true] }, (dy, [y]) => ({ x: () => mul(dy, y) }));
  rule('Square', { inputsToSave: ['x'] }, (dy, [x]) => ({ x: () => mul(mul(x, 2), dy) }));
  rule('Sigmoid', { outputsToSave: [true] }, (dy, [y]) => ({ x: () => mul(dy, mul(y, sub(1, y))) }));
  rule('Tanh', { outputsToSave: [true] }, (dy, [y]) => ({ x: () => mul(dy, sub(1, mul(y, y))) }));
  rule<{ axis: number | number[] }>('Sum', { inputsToSave: ['x'] }, (dy, [x]) => ({
    x: () =>
      mul(
        reshape(
          dy,
          x.shape.map(() => 1),
        ),
        tile(
          reshape(
            1,
            x.shape.map(() => 1),
          ),
          x.shape,
        ),
      ),
  }));
  rule<{ shape: number[] }>('Reshape', { inputsToSave: ['x'] }, (dy, [x]) => ({
    x: () => reshape(dy, x.shape),
  }));
  rule<{ transposeA: boolean; transposeB: boolean }>(
    'BatchMatMul',
    { inputsToSave: ['a', 'b'] },
    (dy, [a, b], { transposeA, transposeB }) => ({
      a: () => (transposeA ? matMul(b, dy, transposeB, true) : matMul(dy, b, false, !transposeB)),
      b: () => (transposeB ? matMul(dy, a, true, transposeA) : matMul(a, dy, !transposeA, false)),
    }),
  );
  rule<{ dim: number }>('Softmax', { outputsToSave: [true] }, (dy, [y], { dim }) => ({
    logits: () => sub(mul(dy, y), mul(sum(mul(dy, y), dim, true), y)),
  }));
  rule<{ varianceEpsilon: number }>(
    'FusedBatchNorm',
    { inputsToSave: ['x', 'mean', 'variance', 'scale'] },
    (dy, [, , variance, scale], { varianceEpsilon }) => ({
      x: () => mul(dy, mul(scale as Tensor, rsqrt(add(variance as Tensor, varianceEpsilon)))),
    }),
  );
  rule<{ axis: number }>('Pack', {}, (dy, _saved, { axis }) => {
    const parts = unstack(dy, axis);
    return Object.fromEntries(parts.map((part, index) => [index, () => part]));
  });
  const joined = (join: (dys: Tensor[], axis: number) => Tensor): GradConfig['gradFunc'] => {
    return (dys, _saved, attributes) => {
      const { axis } = attributes as { axis: number };
      return { value: () => join(dys as Tensor[], axis), x: () => join(dys as Tensor[], axis) };
    };
  };
  registerGradient({ kernelName: 'Unpack', gradFunc: joined(stack) });
  registerGradient({ kernelName: 'SplitV', gradFunc: joined(concat) });
}

function rule<Attributes = object>(
  kernelName: string,
  saves: Pick<GradConfig, 'inputsToSave' | 'outputsToSave'>,
  gradient: GradientFunction<Attributes>,
): void {
  registerGradient({
    kernelName,
    ...saves,
    gradFunc: (dy, saved, attributes: NamedAttrMap) =>
      gradient(dy as Tensor, saved as Saved, attributes as unknown as Attributes),
  });
}

import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { shapeOf } from '../native/description.js';
import { listOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';
import { inBlocks } from './inBlocks.js';

const onCpu = listOperator('protocl::student_repulsion');
const sub = operator('aten::sub', 'Tensor');
const addScalar = operator('aten::add', 'Scalar');
const subScalar = operator('aten::sub', 'Scalar');
const add = operator('aten::add', 'Tensor');
const mul = operator('aten::mul', 'Tensor');
const square = operator('aten::square');
const reciprocal = operator('aten::reciprocal');
const sum = operator('aten::sum', 'dim_IntList');
const stack = operator('aten::stack');
const narrow = operator('aten::narrow');
const select = operator('aten::select', 'int');
const unsqueeze = operator('aten::unsqueeze');
const reshape = operator('aten::reshape');

/** Pairs that exist at once on a GPU: 64 MiB of each value of them. */
const mostPairs = 2 ** 24;

interface StudentRepulsionInputs {
  points: TensorInfo;
}

defineKernel<StudentRepulsionInputs, object>('StudentRepulsion', ({ inputs, backend }) => {
  const repel = backend.device === 'cpu' ? onCpu : onDevice;
  return repel(backend.handle(inputs.points)).map((handle) => backend.output(handle));
});

/** The same by blocks of all pairs, for devices that the addon has no kernel for. */
function onDevice(points: Handle): Handle[] {
  const [n] = shapeOf(points) as [number, number];
  const [xs, ys] = [select(points, 1, 0), select(points, 1, 1)];
  const [forces, totals] = inBlocks(n, mostPairs / Math.max(1, n), (start, count) => {
    const block = (values: Handle) => unsqueeze(narrow(values, 0, start, count), 1);
    const [dx, dy] = [sub(block(xs), xs), sub(block(ys), ys)];
    const weights = reciprocal(addScalar(add(square(dx), square(dy)), 1));
    const squared = square(weights);
    return [
      stack([sum(mul(squared, dx), [1]), sum(mul(squared, dy), [1])], 1),
      reshape(sum(weights, [0, 1]), [1]),
    ];
  }) as [Handle, Handle];
  // Each point's weight with itself is 1.
  return [forces, subScalar(sum(totals, [0]), n)];
}

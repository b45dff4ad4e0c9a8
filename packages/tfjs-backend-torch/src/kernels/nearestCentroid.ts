import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { shapeOf } from '../native/description.js';
import { listOperator, operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const onCpu = listOperator('protocl::nearest_centroid');
const mean = operator('aten::mean', 'dim');
const sub = operator('aten::sub', 'Tensor');
const square = operator('aten::square');
const sum = operator('aten::sum', 'dim_IntList');
const transpose = operator('aten::t');
const addmm = operator('aten::addmm');
const argmin = operator('aten::argmin');
const narrow = operator('aten::narrow');
const indexSelect = operator('aten::index_select');
const cat = operator('aten::cat');

/** Scores that exist at once on a GPU: 256 MiB of them. */
const mostScores = 2 ** 26;

interface NearestCentroidInputs {
  points: TensorInfo;
  centroids: TensorInfo;
}

defineKernel<NearestCentroidInputs, object>('NearestCentroid', ({ inputs, backend }) => {
  const points = backend.handle(inputs.points);
  const centroids = backend.handle(inputs.centroids);
  const find = backend.device === 'cpu' ? onCpu : onDevice;
  return find(points, centroids).map((handle) => backend.output(handle));
});

/** The same by blocks of matrix products, for devices that the addon has no kernel for. */
function onDevice(points: Handle, centroids: Handle): Handle[] {
  const [n] = shapeOf(points) as [number];
  const [k] = shapeOf(centroids) as [number];
  // Around the centroids' mean the expansion |c|² - 2xc loses least to cancellation.
  const centre = mean(centroids, [0]);
  const centred = sub(centroids, centre);
  const norms = sum(square(centred), [1]);
  const transposed = transpose(centred);
  const rows = Math.max(1, Math.floor(mostScores / k));
  const indices: Handle[] = [];
  const distances: Handle[] = [];
  for (let start = 0; start < Math.max(n, 1); start += rows) {
    const block = narrow(points, 0, start, Math.min(rows, n - start));
    const nearest = argmin(addmm(norms, sub(block, centre), transposed, 1, -2), 1);
    indices.push(nearest);
    distances.push(sum(square(sub(block, indexSelect(centroids, 0, nearest))), [1]));
  }
  return [cat(indices, 0), cat(distances, 0)];
}

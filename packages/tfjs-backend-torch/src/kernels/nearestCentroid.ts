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
const topk = listOperator('aten::topk');
const sort = listOperator('aten::sort');
const gather = operator('aten::gather');
const unsqueeze = operator('aten::unsqueeze');
const squeeze = operator('aten::squeeze', 'dim');
const reshape = operator('aten::reshape');
const narrow = operator('aten::narrow');
const indexSelect = operator('aten::index_select');
const cat = operator('aten::cat');

/** Scores are rounded, so that many of the best are compared by their distances. */
const candidates = 4;

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
    const scores = addmm(norms, sub(block, centre), transposed, 1, -2);
    const [index, distance] = closest(block, centroids, scores, Math.min(k, candidates));
    indices.push(index);
    distances.push(distance);
  }
  return [cat(indices, 0), cat(distances, 0)];
}

/** Index and squared distance of the nearest among the centroids of the lowest scores; of equal ones the first. */
function closest(points: Handle, centroids: Handle, scores: Handle, count: number): [Handle, Handle] {
  const [rows, dimension] = shapeOf(points) as [number, number];
  const [, lowest] = topk(scores, count, 1, false, false) as [Handle, Handle];
  const [inOrder] = sort(lowest, 1, false) as [Handle];
  const candidateRows = indexSelect(centroids, 0, reshape(inOrder, [-1]));
  const differences = sub(unsqueeze(points, 1), reshape(candidateRows, [rows, count, dimension]));
  const squared = sum(square(differences), [2]);
  const nearest = unsqueeze(argmin(squared, 1), 1);
  return [squeeze(gather(inOrder, 1, nearest), 1), squeeze(gather(squared, 1, nearest), 1)];
}

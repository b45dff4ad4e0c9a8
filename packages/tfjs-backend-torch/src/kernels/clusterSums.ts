import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { shapeOf } from '../native/description.js';
import { listOperator, operator } from '../native/operator.js';
import { keepingOnly } from '../native/scope.js';
import { defineKernel } from './defineKernel.js';

const onCpu = operator('protocl::cluster_sums');
const zeros = operator('aten::zeros');
const arange = operator('aten::arange');
const clampMax = operator('aten::clamp_max');
const isBelow = operator('aten::lt', 'Scalar');
const maskedFillInPlace = operator('aten::masked_fill_', 'Scalar');
const divideInPlace = operator('aten::div_', 'Scalar_mode');
const multiplyInPlace = operator('aten::mul_', 'Scalar');
const addInPlace = operator('aten::add_', 'Tensor');
const onesLike = operator('aten::ones_like');
const scatterAddInPlace = operator('aten::scatter_add_');
const stableSort = listOperator('aten::sort', 'stable');
const indexSelect = operator('aten::index_select');
const segmentReduce = operator('aten::segment_reduce');
const reshape = operator('aten::reshape');
const sum = operator('aten::sum', 'dim_IntList');
const copyInto = operator('aten::copy_');
const equal = operator('aten::eq', 'Tensor');
const toType = operator('aten::to', 'dtype');
const unsqueeze = operator('aten::unsqueeze');
const narrow = operator('aten::narrow');
const addProduct = operator('aten::addmm_');

/** Segments that keep a GPU busy: fewer clusters are divided. */
const fewestSegments = 2 ** 14;
/** Points of a segment, so that dividing pays. */
const fewestPoints = 64;
/** Values of the points that are brought in order at once: 128 MiB, and twice that in double precision. */
const mostValues = 2 ** 25;
/** Entries of the membership matrix that exist at once: 64 MiB of them. */
const mostMemberships = 2 ** 24;

interface ClusterSumsInputs {
  points: TensorInfo;
  indices: TensorInfo;
}

defineKernel<ClusterSumsInputs, { clusters: number }>(
  'ClusterSums',
  ({ inputs, attrs: { clusters }, backend }) => {
    const points = backend.handle(inputs.points);
    const indices = backend.handle(inputs.indices);
    if (backend.device === 'cpu') return backend.output(onCpu(points, indices, clusters));
    // Metal has neither double precision nor the reduction of segments.
    const add = backend.device === 'mps' ? byMembership : bySegments;
    return backend.output(add(points, indices, clusters, backend.device));
  },
);

/**
 * The same for devices that the addon has no kernel for: the points are brought in the order of their clusters, and each
 * cluster's added up in double precision. Unlike with atomic additions the order is the same every time, and unlike with
 * a product by a membership matrix no setting of the device rounds the points.
 */
function bySegments(points: Handle, indices: Handle, clusters: number, device: string): Handle {
  const [n, dimension] = shapeOf(points) as [number, number];
  const sums = zeros([clusters, dimension], 'float32', undefined, device);
  if (n === 0) return sums;
  // Few clusters would be few and long sums, so each is made of several over neighbours.
  const parts = Math.max(1, Math.min(Math.ceil(fewestSegments / clusters), Math.floor(n / fewestPoints)));
  // Points of no cluster go to one behind the last, which is left off.
  const segments = multiplyInPlace(
    maskedFillInPlace(clampMax(indices, clusters), isBelow(indices, 0), clusters),
    parts,
  );
  addInPlace(segments, divideInPlace(arange(n, 'int32', undefined, device), Math.ceil(n / parts), 'floor'));
  const lengths = zeros([(clusters + 1) * parts], 'int64', undefined, device);
  const index = toType(segments, 'int64');
  scatterAddInPlace(lengths, 0, index, onesLike(index));
  const [, order] = stableSort(segments, true) as [Handle, Handle];
  const width = Math.min(dimension, Math.max(1, Math.floor(mostValues / Math.max(n, clusters * parts))));
  for (let column = 0; column < dimension; column += width) {
    const count = Math.min(width, dimension - column);
    keepingOnly(() => {
      const sorted = toType(indexSelect(narrow(points, 1, column, count), 0, order), 'float64');
      // Without libtorch's check of the lengths, which would wait for the device.
      const bySegment = segmentReduce(sorted, 'sum', lengths, null, null, 0, true, 0);
      const ofParts = reshape(narrow(bySegment, 0, 0, clusters * parts), [clusters, parts, count]);
      copyInto(narrow(sums, 1, column, count), sum(ofParts, [1]));
      return [];
    });
  }
  return sums;
}

/** The same by products with blocks of the membership matrix. */
function byMembership(points: Handle, indices: Handle, clusters: number, device: string): Handle {
  const [n, dimension] = shapeOf(points) as [number, number];
  const sums = zeros([clusters, dimension], 'float32', undefined, device);
  const all = unsqueeze(arange(clusters, 'int32', undefined, device), 1);
  const rows = Math.max(1, Math.floor(mostMemberships / clusters));
  for (let start = 0; start < n; start += rows) {
    const count = Math.min(rows, n - start);
    keepingOnly(() => {
      const isMember = equal(all, unsqueeze(narrow(indices, 0, start, count), 0));
      addProduct(sums, toType(isMember, 'float32'), narrow(points, 0, start, count));
      return [];
    });
  }
  return sums;
}

import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { shapeOf } from '../native/description.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const onCpu = operator('protocl::cluster_sums');
const zeros = operator('aten::zeros');
const arange = operator('aten::arange');
const equal = operator('aten::eq', 'Tensor');
const toType = operator('aten::to', 'dtype');
const unsqueeze = operator('aten::unsqueeze');
const narrow = operator('aten::narrow');
const addProduct = operator('aten::addmm_');

/** Entries of the membership matrix that exist at once on a GPU: 64 MiB of them. */
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
    const sums = backend.device === 'cpu' ? onCpu(points, indices, clusters) : undefined;
    return backend.output(sums ?? onDevice(points, indices, clusters, backend.device));
  },
);

/**
 * The same by products with blocks of the membership matrix, for devices that the addon has no kernel for. Unlike
 * atomic additions, they add in the same order every time.
 */
function onDevice(points: Handle, indices: Handle, clusters: number, device: string): Handle {
  const [n, dimension] = shapeOf(points) as [number, number];
  const sums = zeros([clusters, dimension], 'float32', undefined, device);
  const all = unsqueeze(arange(clusters, 'int32', undefined, device), 1);
  const rows = Math.max(1, Math.floor(mostMemberships / clusters));
  for (let start = 0; start < n; start += rows) {
    const count = Math.min(rows, n - start);
    const isMember = equal(all, unsqueeze(narrow(indices, 0, start, count), 0));
    addProduct(sums, toType(isMember, 'float32'), narrow(points, 0, start, count));
  }
  return sums;
}

import { unsortedSegmentSum } from '@tensorflow/tfjs-core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

import { ClusterSums } from '../kernelNames.js';
import { requiredInput } from './fusedKernel.js';
import type { FusedKernel } from './fusedKernel.js';

/** The sum of the points of each cluster: the update step of k-means, up to a division. */
export const clusterSums: FusedKernel = {
  name: ClusterSums,
  compose(inputs, { clusters }) {
    const points = requiredInput(inputs, 'points') as Tensor2D;
    const indices = requiredInput(inputs, 'indices') as Tensor1D;
    return unsortedSegmentSum(points, indices, clusters as number);
  },
};

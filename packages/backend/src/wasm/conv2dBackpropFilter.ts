import { add, conv2d, slice, tidy, transpose } from '@tensorflow/tfjs-core';
import type { KernelFunc, Tensor, Tensor4D, backend_util } from '@tensorflow/tfjs-core';

import { convolutionOf } from './convolution.js';
import type { ConvolutionAttributes } from './convolution.js';

/**
 * Products that one convolution adds up at most. The accumulator is a single float32, so longer
 * sums are made of several, which also bounds the memory of the transposed copies.
 */
const LONGEST_SUM = 32_768;
/** Fewer samples than this at once leave the vector units idle. */
const FEWEST_SAMPLES = 8;

/**
 * The gradient of a convolution with respect to its filter, as a convolution itself.
 *
 * dFilter[kh, kw, ci, co] sums x[n, kh + s oh, kw + s ow, ci] dy[n, oh, ow, co] over n, oh and ow:
 * with channels as the batch and samples as the channels, that is x convolved with dy, dilated by
 * the stride. wasm has a fast convolution but no fast product with a transposed matrix.
 */
export const conv2dBackpropFilter: KernelFunc = ({ inputs, attrs }) => {
  const x = inputs['x'] as Tensor4D;
  const dy = inputs['dy'] as Tensor4D;
  const attributes = attrs as unknown as ConvolutionAttributes & {
    filterShape: backend_util.Conv2DInfo['outShape'];
  };
  const info = convolutionOf('Conv2DBackpropFilter', x.shape, attributes.filterShape, attributes);
  return tidy(() => {
    const samples = Math.max(FEWEST_SAMPLES, Math.floor(LONGEST_SUM / (info.outHeight * info.outWidth)));
    let total: Tensor | undefined;
    for (let first = 0; first < info.batchSize; first += samples) {
      const partial = filterGradientOfSamples(x, dy, first, Math.min(samples, info.batchSize - first), info);
      total = total === undefined ? partial : add(total, partial);
    }
    return transpose(total as Tensor, [1, 2, 0, 3]);
  });
};

/** [inChannels, filterHeight, filterWidth, outChannels] of the `count` samples from `first` on. */
function filterGradientOfSamples(
  x: Tensor4D,
  dy: Tensor4D,
  first: number,
  count: number,
  info: backend_util.Conv2DInfo,
): Tensor4D {
  const { filterHeight, filterWidth, inChannels, outChannels, strideHeight, strideWidth } = info;
  return tidy(() => {
    const xOfChannels = transpose(samplesOf(x, first, count), [3, 1, 2, 0]);
    const dyAsFilter = transpose(samplesOf(dy, first, count), [1, 2, 0, 3]);
    const { top, left } = info.padInfo;
    const bottom = Math.max(0, (info.outHeight - 1) * strideHeight + filterHeight - info.inHeight - top);
    const right = Math.max(0, (info.outWidth - 1) * strideWidth + filterWidth - info.inWidth - left);
    const result = conv2d(
      xOfChannels,
      dyAsFilter,
      1,
      [
        [0, 0],
        [top, bottom],
        [left, right],
        [0, 0],
      ],
      'NHWC',
      [strideHeight, strideWidth],
    );
    // Rows that the stride left over at the end of x make the result longer than the filter.
    return slice(result, [0, 0, 0, 0], [inChannels, filterHeight, filterWidth, outChannels]);
  });
}

function samplesOf(images: Tensor4D, first: number, count: number): Tensor4D {
  if (count === images.shape[0]) return images;
  return slice(images, [first, 0, 0, 0], [count, -1, -1, -1]);
}

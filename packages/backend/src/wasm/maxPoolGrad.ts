import { backend_util } from '@tensorflow/tfjs-core';
import type { KernelFunc, TensorInfo } from '@tensorflow/tfjs-core';

import { viewsOf } from './heap.js';
import type { WasmHeap } from './heap.js';

type Shape4D = [number, number, number, number];

interface PoolAttributes {
  filterSize: [number, number] | number;
  strides: [number, number] | number;
  pad: 'valid' | 'same' | number | backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/**
 * The gradient of max pooling: dy goes to the first largest element of each window.
 *
 * The kernel that wasm has leaves the gradient of every image but the first at zero.
 */
export const maxPoolGrad: KernelFunc = ({ inputs, attrs, backend }) => {
  const dy = inputs['dy'] as TensorInfo;
  const input = inputs['input'] as TensorInfo;
  const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as PoolAttributes;
  const pool = backend_util.computePool2DInfo(
    input.shape as Shape4D,
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const heap = backend as WasmHeap;
  const output = heap.makeOutput(input.shape, 'float32');
  const [gradient, x, dx] = viewsOf(heap, dy, input, output);
  dx.fill(0);

  const { inHeight, inWidth, inChannels: channels } = pool;
  const rowSize = inWidth * channels;
  let window = 0;
  for (let image = 0; image < pool.batchSize; image += 1) {
    const imageStart = image * inHeight * rowSize;
    for (let outRow = 0; outRow < pool.outHeight; outRow += 1) {
      const top = outRow * pool.strideHeight - pool.padInfo.top;
      const [firstRow, rowsEnd] = [Math.max(0, top), Math.min(inHeight, top + pool.filterHeight)];
      for (let outColumn = 0; outColumn < pool.outWidth; outColumn += 1) {
        const left = outColumn * pool.strideWidth - pool.padInfo.left;
        const [firstColumn, columnsEnd] = [Math.max(0, left), Math.min(inWidth, left + pool.filterWidth)];
        for (let channel = 0; channel < channels; channel += 1, window += 1) {
          let largest = -Infinity;
          let place = -1;
          for (let row = firstRow; row < rowsEnd; row += 1) {
            const rowStart = imageStart + row * rowSize + channel;
            for (let column = firstColumn; column < columnsEnd; column += 1) {
              const value = x[rowStart + column * channels] as number;
              if (value > largest) {
                largest = value;
                place = rowStart + column * channels;
              }
            }
          }
          if (place >= 0) (dx[place] as number) += gradient[window] as number;
        }
      }
    }
  }
  return output;
};

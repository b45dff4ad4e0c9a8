import { backend_util } from '@tensorflow/tfjs-core';
import type { KernelFunc, NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';

import { ownKernel } from './replaceKernel.js';

type Shape4D = [number, number, number, number];

/**
 * A convolution whose `same` padding is spelt out.
 *
 * Left to itself, wasm answers with zeros where a filter is smaller than its stride and the image
 * is padded to a multiple of it.
 */
export function conv2dPaddedExplicitly(original: KernelFunc | undefined): KernelFunc {
  return (call) => {
    const { strides, dilations, pad, dataFormat } = call.attrs as unknown as {
      strides: number;
      dilations: number;
      pad: unknown;
      dataFormat: string;
    };
    if (pad !== 'same' || dataFormat !== 'NHWC') return ownKernel(original, call);
    const x = call.inputs['x'] as TensorInfo;
    const filter = call.inputs['filter'] as TensorInfo;
    const { padInfo } = backend_util.computeConv2DInfo(
      x.shape as Shape4D,
      filter.shape as Shape4D,
      strides,
      dilations,
      pad,
    );
    const explicit = [
      [0, 0],
      [padInfo.top, padInfo.bottom],
      [padInfo.left, padInfo.right],
      [0, 0],
    ];
    const attrs = { ...(call.attrs as NamedAttrMap), pad: explicit } as unknown as NamedAttrMap;
    return ownKernel(original, { ...call, attrs });
  };
}

import type { TensorInfo } from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import type { Handle } from '../native/addon.js';
import { numberOperator, operator } from '../native/operator.js';
import { fittingOutputGradient, preparedInput, type SpatialWindow } from './spatialWindow.js';

const byProducts = operator('protocl::conv2d_filter_gradient');
const prefersProducts = numberOperator('protocl::prefers_matrix_products');
const permute = operator('aten::permute');

/** With fewer channels than this the products are too narrow to be fast. */
const fewestChannels = 16;
let preferred: boolean | undefined;

/** Whether the addon's matrix products give a filter's gradient sooner than libtorch's own routine. */
export function productsAreFaster(
  channels: number,
  window: SpatialWindow,
  groups: number,
  backend: TorchBackend,
): boolean {
  if (backend.device !== 'cpu' || !window.channelsLast || groups !== 1 || channels < fewestChannels)
    return false;
  preferred ??= prefersProducts() === 1;
  return preferred;
}

/** The gradient of a filter as HWIO with the strides of OHWI, like the filters that the forward convolution adopted. */
export function filterGradientByProducts(
  dy: TensorInfo,
  x: TensorInfo,
  window: SpatialWindow,
  backend: TorchBackend,
): Handle {
  const { kernel, stride, dilation, padding, explicit, sampled } = window;
  // The products take any padding before the image as it is; only what also skips elements is prepared for them.
  const input = sampled === undefined ? backend.handle(x) : preparedInput(backend.handle(x), window);
  const before = sampled === undefined && explicit !== undefined ? explicit.before : padding;
  return permute(
    byProducts(fittingOutputGradient(dy, window, backend), input, kernel, stride, dilation, before),
    [1, 2, 3, 0],
  );
}

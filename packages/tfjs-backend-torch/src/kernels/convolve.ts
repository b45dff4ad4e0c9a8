import type { Handle } from '../native/addon.js';
import { listOperator, operator } from '../native/operator.js';
import type { SpatialWindow } from './spatialWindow.js';

const convolution = operator('aten::convolution');
const convolutionBackward = listOperator('aten::convolution_backward');

/** A convolution of a padded input and a filter that have their channels second. */
export function convolve(
  input: Handle,
  weight: Handle,
  bias: Handle | null,
  window: SpatialWindow,
  groups: number,
): Handle {
  const { stride, padding, dilation } = window;
  return convolution(input, weight, bias, stride, padding, dilation, false, unused(window), groups);
}

/** The gradient of {@link convolve} with respect to its input, of which only the sizes are read. */
export function convolutionInputGradient(
  dy: Handle,
  input: Handle,
  weight: Handle,
  window: SpatialWindow,
  groups: number,
): Handle {
  return backward(dy, input, weight, window, groups, [true, false, false])[0] as Handle;
}

/** The gradient of {@link convolve} with respect to its filter, of which only the sizes are read. */
export function convolutionFilterGradient(
  dy: Handle,
  input: Handle,
  weight: Handle,
  window: SpatialWindow,
  groups: number,
): Handle {
  return backward(dy, input, weight, window, groups, [false, true, false])[1] as Handle;
}

function backward(
  dy: Handle,
  input: Handle,
  weight: Handle,
  window: SpatialWindow,
  groups: number,
  wanted: [boolean, boolean, boolean],
): Handle[] {
  const { stride, padding, dilation } = window;
  return convolutionBackward(
    dy,
    input,
    weight,
    null,
    stride,
    padding,
    dilation,
    false,
    unused(window),
    groups,
    wanted,
  );
}

/** The padding of a transposed convolution's output, which none of these is. */
function unused(window: SpatialWindow): number[] {
  return window.axes.map(() => 0);
}

import { CropAndResize, type CropAndResizeAttrs, type CropAndResizeInputs } from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const toType = operator('aten::to', 'dtype');
const reshape = operator('aten::reshape');
const select = operator('aten::select', 'int');
const unsqueeze = operator('aten::unsqueeze');
const arange = operator('aten::arange');
const add = operator('aten::add', 'Tensor');
const addNumber = operator('aten::add', 'Scalar');
const subtract = operator('aten::sub', 'Tensor');
const multiply = operator('aten::mul', 'Tensor');
const scale = operator('aten::mul', 'Scalar');
const floor = operator('aten::floor');
const ceil = operator('aten::ceil');
const clamp = operator('aten::clamp');
const isBelow = operator('aten::lt', 'Scalar');
const isAbove = operator('aten::gt', 'Scalar');
const either = operator('aten::logical_or');
const interpolate = operator('aten::lerp', 'Tensor');
const indexSelect = operator('aten::index_select');
const maskedFill = operator('aten::masked_fill', 'Scalar');

defineKernel<CropAndResizeInputs, CropAndResizeAttrs>(CropAndResize, ({ inputs, attrs, backend }) => {
  const { image, boxes, boxInd } = inputs;
  const [batch, height, width, channels] = image.shape as [number, number, number, number];
  const [cropHeight, cropWidth] = attrs.cropSize;
  const count = boxes.shape[0] as number;
  const shape = [count, cropHeight, cropWidth, channels];
  // Positions at the very edge must not fall off it by rounding.
  const corners = toType(backend.handle(boxes), backend.device === 'mps' ? 'float32' : 'float64');
  const corner = (i: number): Handle => unsqueeze(select(corners, 1, i), 1);
  const y = positions(corner(0), corner(2), height, cropHeight, backend.device);
  const x = positions(corner(1), corner(3), width, cropWidth, backend.device);
  const images = toType(backend.handle(boxInd), 'int64');
  const pixels = reshape(toType(backend.handle(image), 'float32'), [batch * height * width, channels]);

  const imageIndex = reshape(scale(clamp(images, 0, batch - 1), height), [count, 1]);
  const pixelsAt = (rows: Handle, columns: Handle): Handle => {
    const starts = unsqueeze(scale(add(imageIndex, index(rows, height)), width), 2);
    const flat = add(starts, unsqueeze(index(columns, width), 1));
    return reshape(indexSelect(pixels, 0, reshape(flat, [count * cropHeight * cropWidth])), shape);
  };
  let crops: Handle;
  if (attrs.method === 'nearest') {
    crops = pixelsAt(floor(addNumber(y, 0.5)), floor(addNumber(x, 0.5)));
  } else {
    const [top, left, bottom, right] = [floor(y), floor(x), ceil(y), ceil(x)];
    const down = reshape(toType(subtract(y, top), 'float32'), [count, cropHeight, 1, 1]);
    const along = reshape(toType(subtract(x, left), 'float32'), [count, 1, cropWidth, 1]);
    const upper = interpolate(pixelsAt(top, left), pixelsAt(top, right), along);
    const lower = interpolate(pixelsAt(bottom, left), pixelsAt(bottom, right), along);
    crops = interpolate(upper, lower, down);
  }
  const outside = either(
    reshape(outsideOf(y, height), [count, cropHeight, 1, 1]),
    reshape(outsideOf(x, width), [count, 1, cropWidth, 1]),
  );
  const unknownImage = reshape(outsideOf(images, batch), [count, 1, 1, 1]);
  return backend.output(maskedFill(maskedFill(crops, outside, attrs.extrapolationValue), unknownImage, 0));
});

/** Where a crop samples an axis, in elements of the image: [boxes, size of the crop]. */
function positions(start: Handle, end: Handle, size: number, cropSize: number, device: string): Handle {
  if (cropSize === 1) return scale(add(start, end), 0.5 * (size - 1));
  const steps = arange(cropSize, 'float32', undefined, device);
  return add(
    scale(start, size - 1),
    multiply(steps, scale(subtract(end, start), (size - 1) / (cropSize - 1))),
  );
}

/** Positions as indices within an axis; the ones outside of it are replaced by other means. */
function index(position: Handle, size: number): Handle {
  return clamp(toType(position, 'int64'), 0, size - 1);
}

function outsideOf(position: Handle, size: number): Handle {
  return either(isBelow(position, 0), isAbove(position, size - 1));
}

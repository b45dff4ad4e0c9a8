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
const fill = operator('aten::masked_fill_', 'Scalar');
const expand = operator('aten::expand');

defineKernel<CropAndResizeInputs, CropAndResizeAttrs>(CropAndResize, ({ inputs, attrs, backend }) => {
  const { image, boxes, boxInd } = inputs;
  const [batch, height, width, channels] = image.shape as [number, number, number, number];
  const [cropHeight, cropWidth] = attrs.cropSize;
  const count = boxes.shape[0] as number;
  // A crop's columns and channels are one axis here: loops over few channels would be slow.
  const shape = [count, cropHeight, cropWidth * channels];
  // Positions at the very edge must not fall off it by rounding.
  const corners = toType(backend.handle(boxes), backend.device === 'mps' ? 'float32' : 'float64');
  const corner = (i: number): Handle => unsqueeze(select(corners, 1, i), 1);
  const y = positions(corner(0), corner(2), height, cropHeight, backend.device);
  const x = positions(corner(1), corner(3), width, cropWidth, backend.device);
  const images = toType(backend.handle(boxInd), 'int64');
  const imageRows = reshape(toType(backend.handle(image), 'float32'), [batch * height, width * channels]);

  // First whole rows, then their columns: long pieces of memory are cheaper to gather than single pixels.
  const firstRow = unsqueeze(scale(clamp(images, 0, batch - 1), height), 1);
  const rowsAt = (rows: Handle): Handle =>
    indexSelect(imageRows, 0, reshape(add(firstRow, index(rows, height)), [count * cropHeight]));
  const firstColumn = scale(arange(count * cropHeight, 'int64', undefined, backend.device), width);
  const columnsAt = (rows: Handle, columns: Handle): Handle => {
    const flat = add(reshape(firstColumn, [count, cropHeight, 1]), unsqueeze(index(columns, width), 1));
    const pixels = reshape(rows, [count * cropHeight * width, channels]);
    return reshape(indexSelect(pixels, 0, reshape(flat, [count * cropHeight * cropWidth])), shape);
  };
  const alongColumns = (values: Handle): Handle =>
    reshape(expand(unsqueeze(values, 2), [count, cropWidth, channels]), [count, 1, cropWidth * channels]);
  let crops: Handle;
  if (attrs.method === 'nearest') {
    crops = columnsAt(rowsAt(floor(addNumber(y, 0.5))), floor(addNumber(x, 0.5)));
  } else {
    const [top, left] = [floor(y), floor(x)];
    const down = reshape(toType(subtract(y, top), 'float32'), [count * cropHeight, 1]);
    const along = alongColumns(toType(subtract(x, left), 'float32'));
    const rows = interpolate(rowsAt(top), rowsAt(ceil(y)), down);
    crops = interpolate(columnsAt(rows, left), columnsAt(rows, ceil(x)), along);
  }
  fill(crops, unsqueeze(outsideOf(y, height), 2), attrs.extrapolationValue);
  fill(crops, alongColumns(outsideOf(x, width)), attrs.extrapolationValue);
  fill(crops, reshape(outsideOf(images, batch), [count, 1, 1]), 0);
  return backend.output(reshape(crops, [count, cropHeight, cropWidth, channels]));
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

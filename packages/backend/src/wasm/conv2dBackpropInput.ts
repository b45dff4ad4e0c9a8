import { concat, conv2d, reshape, slice, tidy, transpose, zeros } from '@tensorflow/tfjs-core';
import type { KernelFunc, Rank, Tensor, Tensor4D, backend_util } from '@tensorflow/tfjs-core';

import { convolutionOf } from './convolution.js';
import type { ConvolutionAttributes } from './convolution.js';

/**
 * The gradient of a convolution with respect to its input, as convolutions of dy.
 *
 * With stride s, the rows of dx fall into s phases, and each phase sees only every s-th row of the
 * filter: dx is s x s small convolutions of dy with parts of the flipped filter, interleaved.
 * No product with a zero is ever made; the kernel that wasm has for this is several times slower.
 */
export const conv2dBackpropInput: KernelFunc = ({ inputs, attrs }) => {
  const dy = inputs['dy'] as Tensor4D;
  const filter = inputs['filter'] as Tensor4D;
  const attributes = attrs as unknown as ConvolutionAttributes & { inputShape: number[] };
  const info = convolutionOf('Conv2DBackpropInput', attributes.inputShape, filter.shape, attributes);
  return tidy(() => {
    const rows = geometry(
      info.inHeight,
      info.outHeight,
      info.filterHeight,
      info.strideHeight,
      info.padInfo.top,
    );
    const columns = geometry(
      info.inWidth,
      info.outWidth,
      info.filterWidth,
      info.strideWidth,
      info.padInfo.left,
    );
    // Output channels before input channels: the convolution of dy goes from the former to the latter.
    const taps = reshape(transpose(filter, [0, 1, 3, 2]), [-1, info.outChannels, info.inChannels]);
    const phases = range(rows.stride).map((rowPhase) =>
      range(columns.stride).map((columnPhase) =>
        phaseOf(dy, taps, axisPhase(rows, rowPhase), axisPhase(columns, columnPhase), info),
      ),
    );
    const interleaved = interleave(phases, [info.batchSize, rows.count, columns.count, info.inChannels]);
    const begin = [0, rows.offset, columns.offset, 0];
    const isWhole =
      rows.count * rows.stride === info.inHeight && columns.count * columns.stride === info.inWidth;
    return isWhole ? interleaved : slice(interleaved, begin, info.inShape);
  });
};

/** One axis of the convolution, in rows of the padded input that are counted in strides. */
interface AxisGeometry {
  size: number;
  outSize: number;
  filterSize: number;
  stride: number;
  /** The stride that the first row of the input falls into, and how many strides there are in all. */
  first: number;
  count: number;
  /** Where in its stride the first row of the input is. */
  offset: number;
}

function geometry(
  size: number,
  outSize: number,
  filterSize: number,
  stride: number,
  padding: number,
): AxisGeometry {
  const first = Math.floor(padding / stride);
  const last = Math.floor((padding + size - 1) / stride);
  return {
    size,
    outSize,
    filterSize,
    stride,
    first,
    count: last - first + 1,
    offset: padding - first * stride,
  };
}

/** What one phase of an axis reads: filter rows, in flipped order, and a stretch of dy. */
interface AxisPhase {
  filterRows: number[];
  /** Rows of dy from `begin` up to `end`; those outside of dy are zero. */
  begin: number;
  end: number;
}

function axisPhase({ filterSize, stride, first, count }: AxisGeometry, phase: number): AxisPhase {
  const filterRows = range(filterSize)
    .filter((row) => row % stride === phase)
    .reverse();
  return { filterRows, begin: first - filterRows.length + 1, end: first + count };
}

function phaseOf(
  dy: Tensor4D,
  taps: Tensor,
  rows: AxisPhase,
  columns: AxisPhase,
  info: backend_util.Conv2DInfo,
): Tensor4D {
  const { batchSize, inChannels, outChannels, filterWidth } = info;
  const height = rows.filterRows.length;
  const width = columns.filterRows.length;
  const outHeight = rows.end - rows.begin - height + 1;
  const outWidth = columns.end - columns.begin - width + 1;
  if (!reaches(rows, dy.shape[1]) || !reaches(columns, dy.shape[2])) {
    return zeros([batchSize, outHeight, outWidth, inChannels]);
  }
  return tidy(() => {
    const parts = rows.filterRows.flatMap((row) =>
      columns.filterRows.map((column) => slice(taps, [row * filterWidth + column, 0, 0], [1, -1, -1])),
    );
    const filter = reshape<Rank.R4>(concat(parts, 0), [height, width, outChannels, inChannels]);
    const [vertical, source] = stretch(dy, 1, rows);
    const [horizontal, cropped] = stretch(source, 2, columns);
    return conv2d(cropped, filter, 1, [[0, 0], vertical, horizontal, [0, 0]]);
  });
}

/** Whether the phase has a filter row at all, and one that meets any of dy's `size` rows. */
function reaches({ filterRows, begin, end }: AxisPhase, size: number): boolean {
  return filterRows.length > 0 && Math.min(size, end) > Math.max(0, begin);
}

/** The padding that makes dy reach over the phase's stretch of `axis`, and dy without what is beyond it. */
function stretch(dy: Tensor4D, axis: 1 | 2, { begin, end }: AxisPhase): [[number, number], Tensor4D] {
  const size = dy.shape[axis];
  const padding: [number, number] = [Math.max(0, -begin), Math.max(0, end - size)];
  const from = Math.max(0, begin);
  const length = Math.min(size, end) - from;
  if (length === size) return [padding, dy];
  const beginnings = dy.shape.map((_, other) => (other === axis ? from : 0)) as Tensor4D['shape'];
  const sizes = dy.shape.map((full, other) => (other === axis ? length : full)) as Tensor4D['shape'];
  return [padding, slice(dy, beginnings, sizes)];
}

/** Puts the phases of each stride next to each other again. */
function interleave(
  phases: Tensor4D[][],
  [batch, height, width, channels]: [number, number, number, number],
): Tensor4D {
  const rows = phases.map((columns) => {
    const lines = columns.length === 1 ? (columns[0] as Tensor4D) : concat(columns, 3);
    return reshape(lines, [batch * height, 1, columns.length * width * channels]);
  });
  const columnPhases = phases[0]?.length ?? 1;
  const joined = rows.length === 1 ? (rows[0] as Tensor) : concat(rows, 1);
  return reshape(joined, [batch, height * rows.length, width * columnPhases, channels]);
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

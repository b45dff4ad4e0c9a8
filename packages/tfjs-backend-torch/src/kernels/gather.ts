import {
  backend_util,
  GatherNd,
  type GatherNdInputs,
  GatherV2,
  type GatherV2Attrs,
  type GatherV2Inputs,
  util,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { flatIndices } from './flatIndices.js';
import { defineMovingKernel } from './onHost.js';
import { requireWithin } from './requireWithin.js';

const indexSelect = operator('aten::index_select');
const gather = operator('aten::gather');
const reshape = operator('aten::reshape');
const expand = operator('aten::expand');
const toType = operator('aten::to', 'dtype');
const full = operator('aten::full');

defineMovingKernel<GatherV2Inputs, GatherV2Attrs>(GatherV2, ({ inputs: { x, indices }, attrs, backend }) => {
  const axis = util.parseAxisParam(attrs.axis, x.shape)[0] as number;
  const info = backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, attrs.batchDims ?? 0);
  const { batchSize, outerSize, sliceSize, dimSize, outputShape } = info;
  const count = util.sizeFromShape(indices.shape);
  const wanted = backend.handle(indices);
  requireWithin(wanted, backend.rangeOf(indices), count, dimSize, GatherV2);
  const range = backend.rangeOf(x);
  if (batchSize === 1) {
    const selected = indexSelect(backend.handle(x), axis, reshape(wanted, [-1]));
    return backend.output(reshape(selected, outputShape), x.dtype, range);
  }
  // Each batch has its own indices: they are repeated for whatever lies before and behind the axis.
  const perBatch = count / batchSize;
  const index = expand(reshape(toType(wanted, 'int64'), [batchSize, 1, perBatch, 1]), [
    batchSize,
    outerSize,
    perBatch,
    sliceSize,
  ]);
  const source = reshape(backend.handle(x), [batchSize, outerSize, dimSize, sliceSize]);
  return backend.output(reshape(gather(source, 2, index), outputShape), x.dtype, range);
});

defineMovingKernel<GatherNdInputs, object>(GatherNd, ({ inputs: { params, indices }, backend }) => {
  const [resultShape, slices, sliceSize] = backend_util.prepareAndValidate(params, indices);
  if (slices === 0) return backend.output(full(resultShape, 0, params.dtype, undefined, backend.device));
  const index = flatIndices(indices, slices, indices.shape.at(-1) ?? 1, params.shape, 'gatherND', backend);
  const source = reshape(backend.handle(params), [-1, sliceSize]);
  return backend.output(reshape(indexSelect(source, 0, index), resultShape));
});

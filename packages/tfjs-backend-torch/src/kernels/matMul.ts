import {
  _FusedMatMul,
  type _FusedMatMulAttrs,
  type _FusedMatMulInputs,
  BatchMatMul,
  type BatchMatMulAttrs,
  type BatchMatMulInputs,
  backend_util,
  type DataType,
  Einsum,
  type EinsumAttrs,
  type EinsumInputs,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import type { TorchBackend } from '../backend.js';
import { TorchBackendError } from '../errors.js';
import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';
import { activate } from './fusedActivation.js';

const matmul = operator('aten::matmul');
const addmm = operator('aten::addmm');
const add = operator('aten::add', 'Tensor');
const transpose = operator('aten::transpose', 'int');
const toType = operator('aten::to', 'dtype');
const einsum = operator('aten::einsum');

/**
 * A factor in a type that libtorch can multiply. It knows products of whole numbers on the CPU only; on CUDA double
 * precision holds them, where single precision may be a setting's 10 bits.
 */
function multipliable(info: TensorInfo, backend: TorchBackend): Handle {
  const handle = backend.handle(info);
  if (info.dtype === 'bool') return toType(handle, 'float32');
  if (info.dtype !== 'int32' || backend.device === 'cpu') return handle;
  return toType(handle, backend.device === 'mps' ? 'float32' : 'float64');
}

/** A factor of a matrix product. */
function matrix(info: TensorInfo, transposed: boolean, backend: TorchBackend): Handle {
  if (info.shape.length < 2) {
    throw new TorchBackendError('INVALID_ARGUMENT', {
      message: `A matrix product was asked for of a tensor of shape [${info.shape}].`,
      given: info.shape,
      expected: 'two or more axes',
    });
  }
  const handle = multipliable(info, backend);
  return transposed ? transpose(handle, -2, -1) : handle;
}

defineKernel<BatchMatMulInputs, BatchMatMulAttrs>(BatchMatMul, ({ inputs: { a, b }, attrs, backend }) =>
  backend.output(matmul(matrix(a, attrs.transposeA, backend), matrix(b, attrs.transposeB, backend)), a.dtype),
);

defineKernel<_FusedMatMulInputs, _FusedMatMulAttrs>(_FusedMatMul, ({ inputs, attrs, backend }) => {
  const { a, b } = inputs;
  const product = biasedProduct(
    matrix(a, attrs.transposeA, backend),
    matrix(b, attrs.transposeB, backend),
    inputs.bias,
    a.dtype,
    Math.max(a.shape.length, b.shape.length),
    backend,
  );
  const weights = inputs.preluActivationWeights;
  return backend.output(
    activate(product, weights == null ? undefined : backend.handle(weights), attrs),
    a.dtype,
  );
});

function biasedProduct(
  a: Handle,
  b: Handle,
  bias: TensorInfo | undefined,
  dtype: DataType,
  rank: number,
  backend: TorchBackend,
): Handle {
  if (bias == null) return matmul(a, b);
  if (rank === 2 && bias.dtype === 'float32' && dtype === 'float32' && bias.shape.length <= 2)
    return addmm(backend.handle(bias), a, b);
  return add(matmul(a, b), backend.handle(bias));
}

/** tfjs asks for tensors here, but reads their shapes only, which is all that a kernel has. */
const checkSizes = backend_util.checkEinsumDimSizes as unknown as (
  axes: number,
  axesOfTerms: number[][],
  tensors: readonly TensorInfo[],
) => void;

defineKernel<EinsumInputs, EinsumAttrs>(Einsum, ({ inputs, attrs, backend }) => {
  // libtorch knows more notations than tfjs, whose own reading says what is wrong with an equation.
  const { allDims, idDims } = backend_util.decodeEinsumEquation(attrs.equation, inputs.length);
  checkSizes(allDims.length, idDims, inputs);
  const terms = inputs.map((info) => multipliable(info, backend));
  return backend.output(einsum(attrs.equation, terms), inputs[0]?.dtype);
});

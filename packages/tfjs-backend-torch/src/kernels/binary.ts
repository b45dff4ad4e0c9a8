import {
  Add,
  AddN,
  type AddNInputs,
  Atan2,
  type BinaryInputs,
  BitwiseAnd,
  type DataType,
  FloorDiv,
  Maximum,
  Minimum,
  Mod,
  Multiply,
  Pow,
  RealDiv,
  SquaredDifference,
  Sub,
  type TensorInfo,
} from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';
import { numbers } from './numbers.js';

const add = operator('aten::add', 'Tensor');
const addInPlace = operator('aten::add_', 'Tensor');
const subtract = operator('aten::sub', 'Tensor');
const multiplyInPlace = operator('aten::mul_', 'Tensor');
const divideRounding = operator('aten::div', 'Tensor_mode');
const equal = operator('aten::eq', 'Tensor');
const clamp = operator('aten::clamp');
const maskedFill = operator('aten::masked_fill', 'Scalar');
const whereElse = operator('aten::where', 'ScalarOther');

type Binary = (a: Handle, b: Handle) => Handle;

/** tfjs converts both inputs to one type before; the result has it too, where no other is asked for. */
function defineBinary(kernelName: string, compute: Binary, resultType?: DataType, ofWholes = compute): void {
  defineKernel<BinaryInputs, object>(kernelName, ({ inputs: { a, b }, backend }) => {
    const operate = a.dtype === 'float32' ? compute : ofWholes;
    return backend.output(operate(numbers(a, backend), numbers(b, backend)), resultType ?? a.dtype);
  });
}

const floorDivide: Binary = (a, b) => divideRounding(a, b, 'floor');
const modulo: Binary = operator('aten::remainder', 'Tensor');

/** The divisors 0 and -1, by which the processor stops: at the quotient of the least number by -1 it overflows. */
const isUnsafe = (divisors: Handle): Handle => equal(divisors, clamp(divisors, -1, 0));

/** Division by an unsafe divisor is multiplication by it; by zero tfjs has zero as well. */
const floorDivideWholes: Binary = (a, b) => {
  const unsafe = isUnsafe(b);
  return multiplyInPlace(floorDivide(a, maskedFill(b, unsafe, 1)), whereElse(unsafe, b, 1));
};

/** By an unsafe divisor nothing remains, no more than by 1. */
const moduloWholes: Binary = (a, b) => modulo(a, maskedFill(b, isUnsafe(b), 1));

defineBinary(Add, add);
defineBinary(Sub, subtract);
defineBinary(Multiply, operator('aten::mul', 'Tensor'));
defineBinary(RealDiv, operator('aten::div', 'Tensor'));
defineBinary(FloorDiv, floorDivide, 'int32', floorDivideWholes);
defineBinary(Mod, modulo, undefined, moduloWholes);
defineBinary(Pow, operator('aten::pow', 'Tensor_Tensor'));
defineBinary(Maximum, operator('aten::maximum'));
defineBinary(Minimum, operator('aten::minimum'));
defineBinary(Atan2, operator('aten::atan2'));
defineBinary(BitwiseAnd, operator('aten::bitwise_and', 'Tensor'));
defineBinary(SquaredDifference, (a, b) => {
  const difference = subtract(a, b);
  return multiplyInPlace(difference, difference);
});

defineKernel<AddNInputs, object>(AddN, ({ inputs, backend }) => {
  const [first, second, ...others] = inputs.map((info) => backend.handle(info)) as [Handle, ...Handle[]];
  if (second === undefined) return backend.share(inputs[0] as TensorInfo);
  return backend.output(others.reduce((sum, handle) => addInPlace(sum, handle), add(first, second)));
});

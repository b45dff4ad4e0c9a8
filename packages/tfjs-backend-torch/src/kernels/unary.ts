import {
  Abs,
  Acos,
  Acosh,
  Asin,
  Asinh,
  Atan,
  Atanh,
  Ceil,
  ClipByValue,
  type ClipByValueAttrs,
  Cos,
  Cosh,
  Elu,
  Erf,
  Exp,
  Expm1,
  Floor,
  IsFinite,
  IsInf,
  IsNan,
  Log,
  Log1p,
  LogicalNot,
  Neg,
  Reciprocal,
  Relu,
  Relu6,
  Round,
  Rsqrt,
  Selu,
  Sigmoid,
  Sign,
  Sin,
  Sinh,
  Softplus,
  Sqrt,
  Square,
  Step,
  type StepAttrs,
  Tan,
  Tanh,
  type UnaryInputs,
} from '@tensorflow/tfjs-core';

import type { Handle } from '../native/addon.js';
import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';
import { numbers } from './numbers.js';

const toType = operator('aten::to', 'dtype');
const clamp = operator('aten::clamp');
const leakyReluBackward = operator('aten::leaky_relu_backward');

type Unary = (x: Handle) => Handle;

/** Functions that libtorch computes in the type of their input, truth values apart. */
const ofAnyNumber: Readonly<Record<string, Unary>> = {
  [Abs]: operator('aten::abs'),
  [Ceil]: operator('aten::ceil'),
  [Floor]: operator('aten::floor'),
  [Neg]: operator('aten::neg'),
  [Relu]: operator('aten::relu'),
  [Relu6]: operator('aten::relu6'),
  [Round]: operator('aten::round'),
  [Sign]: operator('aten::sign'),
  [Square]: operator('aten::square'),
};

/** Functions of a real number. */
const ofReal: Readonly<Record<string, Unary>> = {
  [Acos]: operator('aten::acos'),
  [Acosh]: operator('aten::acosh'),
  [Asin]: operator('aten::asin'),
  [Asinh]: operator('aten::asinh'),
  [Atan]: operator('aten::atan'),
  [Atanh]: operator('aten::atanh'),
  [Cos]: operator('aten::cos'),
  [Cosh]: operator('aten::cosh'),
  [Elu]: operator('aten::elu'),
  [Erf]: operator('aten::erf'),
  [Exp]: operator('aten::exp'),
  [Expm1]: operator('aten::expm1'),
  [Log]: operator('aten::log'),
  [Log1p]: operator('aten::log1p'),
  [Reciprocal]: operator('aten::reciprocal'),
  [Rsqrt]: operator('aten::rsqrt'),
  [Selu]: operator('aten::selu'),
  [Sigmoid]: operator('aten::sigmoid'),
  [Sin]: operator('aten::sin'),
  [Sinh]: operator('aten::sinh'),
  [Softplus]: operator('aten::softplus'),
  [Sqrt]: operator('aten::sqrt'),
  [Tan]: operator('aten::tan'),
  [Tanh]: operator('aten::tanh'),
};

const predicates: Readonly<Record<string, Unary>> = {
  [IsFinite]: operator('aten::isfinite'),
  [IsInf]: operator('aten::isinf'),
  [IsNan]: operator('aten::isnan'),
  [LogicalNot]: operator('aten::logical_not'),
};

for (const [kernelName, compute] of Object.entries(ofAnyNumber)) {
  defineKernel<UnaryInputs, object>(kernelName, ({ inputs: { x }, backend }) =>
    backend.output(compute(numbers(x, backend)), x.dtype),
  );
}

for (const [kernelName, compute] of Object.entries(ofReal)) {
  defineKernel<UnaryInputs, object>(kernelName, ({ inputs: { x }, backend }) => {
    const handle = backend.handle(x);
    if (x.dtype === 'float32' || x.dtype === 'complex64') return backend.output(compute(handle));
    // tfjs converts whole numbers before most of these, and where it does not, it wants whole numbers back.
    return backend.output(compute(toType(handle, 'float32')), kernelName === Exp ? 'float32' : x.dtype);
  });
}

for (const [kernelName, test] of Object.entries(predicates)) {
  defineKernel<UnaryInputs, object>(kernelName, ({ inputs, backend }) =>
    backend.output(test(backend.handle(inputs.x))),
  );
}

defineKernel<UnaryInputs, ClipByValueAttrs>(ClipByValue, ({ inputs: { x }, attrs, backend }) =>
  backend.output(clamp(numbers(x, backend), attrs.clipValueMin, attrs.clipValueMax), x.dtype),
);

defineKernel<UnaryInputs, StepAttrs>(Step, ({ inputs: { x }, attrs, backend }) => {
  const real = toType(backend.handle(x), 'float32');
  // The slope of the leaky ReLU, times ones that are NaN where x is.
  return backend.output(leakyReluBackward(clamp(real, 1, 1), real, attrs.alpha, false), x.dtype);
});

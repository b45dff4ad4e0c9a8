import {
  Complex,
  ComplexAbs,
  type ComplexAbsInputs,
  type ComplexInputs,
  FFT,
  type FFTInputs,
  IFFT,
  type IFFTInputs,
  Imag,
  type ImagInputs,
  Real,
  type RealInputs,
  util,
} from '@tensorflow/tfjs-core';

import { operator } from '../native/operator.js';
import { defineKernel } from './defineKernel.js';

const complex = operator('aten::complex');
const realPart = operator('aten::real');
const imaginaryPart = operator('aten::imag');
const absolute = operator('aten::abs');
const fft = operator('aten::fft_fft');
const inverseFft = operator('aten::fft_ifft');

defineKernel<ComplexInputs, object>(Complex, ({ inputs, backend }) =>
  backend.output(complex(backend.handle(inputs.real), backend.handle(inputs.imag))),
);

defineKernel<RealInputs, object>(Real, ({ inputs, backend }) =>
  backend.output(realPart(backend.handle(inputs.input))),
);

defineKernel<ImagInputs, object>(Imag, ({ inputs, backend }) =>
  backend.output(imaginaryPart(backend.handle(inputs.input))),
);

defineKernel<ComplexAbsInputs, object>(ComplexAbs, ({ inputs, backend }) =>
  backend.output(absolute(backend.handle(inputs.x))),
);

for (const [kernelName, transform] of [
  [FFT, fft],
  [IFFT, inverseFft],
] as const) {
  defineKernel<FFTInputs | IFFTInputs, object>(kernelName, ({ inputs: { input }, backend }) =>
    // The transform of nothing is nothing; not every library that libtorch uses for it agrees.
    util.sizeFromShape(input.shape) === 0
      ? backend.share(input)
      : backend.output(transform(backend.handle(input))),
  );
}

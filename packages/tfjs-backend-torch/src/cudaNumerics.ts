import type { Addon, CudaNumerics } from './native/addon.js';

/** The options of the backend that bear on how CUDA computes. */
export interface NumericsOptions {
  readonly device: string;
  readonly float32Precision: 'highest' | 'high' | undefined;
  readonly cudnnBenchmark: boolean | undefined;
}

/** How libtorch computes by itself, as it was before the first change. */
let libtorchDefaults: CudaNumerics | undefined;

/**
 * Makes libtorch compute on CUDA as the options say. What they leave out is as libtorch has it by itself, and so is
 * everything where the device is another one: some processors would multiply with less precision too. The settings are
 * the process's; none stays from an earlier start.
 */
export function applyCudaNumerics(
  addon: Pick<Addon, 'cudaNumerics' | 'setCudaNumerics'>,
  options: NumericsOptions,
): void {
  const present = addon.cudaNumerics();
  libtorchDefaults ??= present;
  const wanted = options.device.startsWith('cuda') ? chosen(options, libtorchDefaults) : libtorchDefaults;
  if (wanted.some((value, index) => value !== present[index])) addon.setCudaNumerics(...wanted);
}

function chosen(
  { float32Precision, cudnnBenchmark }: NumericsOptions,
  [products, convolutions, benchmark]: CudaNumerics,
): CudaNumerics {
  return [
    float32Precision ?? products,
    float32Precision === undefined ? convolutions : float32Precision === 'high',
    cudnnBenchmark ?? benchmark,
  ];
}

import type { BenchOptions } from '../options.js';

/** A residual network and the batch that it is given. */
export interface NetworkSizes {
  readonly depth: 8 | 18 | 50;
  readonly width: number;
  /** The small one by default. */
  readonly stem?: 'small' | 'imagenet';
  readonly batch: number;
  readonly imageSize: number;
  /** Another one than all others have. */
  readonly learningRate?: number;
}

/** The optimizer's settings, the same on both sides. */
export const optimizer = { learningRate: 0.01, momentum: 0.9, weightDecay: 1e-4 } as const;

/** A network's settings in the form of a task. */
export function networkTask({ stem = 'small', ...network }: NetworkSizes) {
  return { stem, ...optimizer, ...network };
}

/**
 * With random weights the gradients grow from layer to layer backwards: after steps of the usual rate, PyTorch's own
 * float32 and float64 are 7% apart. Steps of this rate take a sixth off the loss, and leave the two together.
 */
const tinyBottlenecks: NetworkSizes = {
  ...{ depth: 50, width: 8, stem: 'imagenet', batch: 8, imageSize: 64 },
  learningRate: 3e-6,
};

const agreeing: readonly NetworkSizes[] = [
  { depth: 18, width: 64, batch: 64, imageSize: 32 },
  tinyBottlenecks,
];
const tinyAgreeing: readonly NetworkSizes[] = [
  { depth: 8, width: 8, batch: 4, imageSize: 16 },
  tinyBottlenecks,
];

/** The networks on which both sides have to come to the same losses. */
export function agreementNetworks({ tiny }: Pick<BenchOptions, 'tiny'>): readonly NetworkSizes[] {
  return tiny ? tinyAgreeing : agreeing;
}

const large: NetworkSizes = { depth: 50, width: 64, stem: 'imagenet', batch: 64, imageSize: 224 };
const small = (batch: number): NetworkSizes => ({ depth: 18, width: 64, batch, imageSize: 32 });
const onDevice: readonly NetworkSizes[] = [small(64), small(256), small(512), large];
const tinyOnDevice: readonly NetworkSizes[] = [
  { depth: 8, width: 8, batch: 4, imageSize: 16 },
  { depth: 50, width: 8, stem: 'imagenet', batch: 4, imageSize: 32 },
];

/** The networks that a graphics processor is measured with. */
export function deviceNetworks({ tiny }: Pick<BenchOptions, 'tiny'>): readonly NetworkSizes[] {
  return tiny ? tinyOnDevice : onDevice;
}

/** Those whose training steps are looked at kernel by kernel. */
export function profiledNetworks({ tiny }: Pick<BenchOptions, 'tiny'>): readonly NetworkSizes[] {
  return tiny ? tinyOnDevice : [small(256), large];
}

/** Such as `resnet50/batch-64`. */
export function networkName({ depth, batch }: NetworkSizes): string {
  return `resnet${depth}/batch-${batch}`;
}

/** The residual networks that can be built. */
export const ARCHITECTURES = ['resnet8', 'resnet14', 'resnet18', 'resnet34', 'resnet50'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** The ways a network can begin. */
export const STEMS = ['small', 'imagenet'] as const;
export type Stem = (typeof STEMS)[number];

/** What a network can be given. */
export const INPUTS = ['rgb', 'sobel'] as const;
export type EncoderInput = (typeof INPUTS)[number];

/** The stages of a network. */
export interface Stages {
  /** Two 3x3 convolutions, or a 3x3 convolution between two of 1x1. */
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of each stage. */
  readonly counts: readonly number[];
}

/**
 * Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, table 1 for
 * 18 to 50 layers, section 4.2 for the networks of three stages.
 */
export const STAGES: Readonly<Record<Architecture, Stages>> = {
  resnet8: { block: 'basic', counts: [1, 1, 1] },
  resnet14: { block: 'basic', counts: [2, 2, 2] },
  resnet18: { block: 'basic', counts: [2, 2, 2, 2] },
  resnet34: { block: 'basic', counts: [3, 4, 6, 3] },
  resnet50: { block: 'bottleneck', counts: [3, 4, 6, 3] },
};

import { readFile } from 'node:fs/promises';

import { expect } from '@jest/globals';
import { createEncoder, type Architecture, type Encoder, type Stem } from '@protocl/encoders';
import * as tf from '@tensorflow/tfjs-core';

import { formulaPixels, formulaTensor } from './formula.js';

/** Outputs of the heads in the fixtures. */
const DIMENSION = 10;

/** A network and images in a fixture of tools/parity/encoders.py. */
export interface ReferenceCase {
  readonly architecture: Architecture;
  readonly stem: Stem;
  readonly width: number;
  readonly head: 'linear' | 'mlp' | 'none';
  readonly images: [number, number, number, number];
}

/** What torchvision computed in evaluation mode. */
export interface EvaluationCase extends ReferenceCase {
  readonly features: number[];
  readonly output: number[];
}

export async function readFixture<Fixture>(name: string): Promise<Fixture> {
  return JSON.parse(await readFile(fixtureFile(name), 'utf8')) as Fixture;
}

export function fixtureFile(name: string): string {
  return new URL(`fixtures/${name}`, import.meta.url).pathname;
}

/** The encoder of a case, with initial weights of its own. */
export function encoderOf({ architecture, stem, width, head }: ReferenceCase): Encoder {
  return createEncoder({
    architecture,
    stem,
    width,
    head: head === 'none' ? { kind: head } : { kind: head, dimension: DIMENSION },
    seed: 1,
  });
}

/** The encoder of a case, with the weights that the reference had. */
export async function referenceEncoder(reference: ReferenceCase): Promise<Encoder> {
  const encoder = encoderOf(reference);
  const { tensors } = await encoder.toState();
  const values = Object.entries(tensors).map(([name, { shape }]) => [name, formulaTensor(name, shape)]);
  encoder.fromState({ tensors: Object.fromEntries(values) as typeof tensors });
  return encoder;
}

export function referenceImages({ images }: ReferenceCase): tf.Tensor4D {
  return tf.tensor4d(formulaPixels(images), images);
}

/** Checks an encoder's features and output on the images of a case. */
export function expectEvaluation(encoder: Encoder, reference: EvaluationCase): void {
  const images = referenceImages(reference);
  const features = encoder.features(images, { training: false });
  const output = encoder.forward(images, { training: false });
  const [batch] = reference.images;
  expect(features.shape).toEqual([batch, encoder.featureSize]);
  expect(output.shape).toEqual([batch, encoder.outputSize]);
  expectClose(features.dataSync(), reference.features);
  expectClose(output.dataSync(), reference.output);
  tf.dispose([images, features, output]);
}

/** Checks values to a ten-thousandth of the largest, and of their norm. */
export function expectClose(actual: ArrayLike<number>, expected: readonly number[], tolerance = 1e-4): void {
  expect(actual).toHaveLength(expected.length);
  const errors = expected.map((value, index) => Math.abs(value - actual[index]!));
  expect(Math.max(...errors)).toBeLessThan(tolerance * Math.max(...expected.map(Math.abs)));
  expect(Math.hypot(...errors)).toBeLessThan(tolerance * Math.hypot(...expected));
}

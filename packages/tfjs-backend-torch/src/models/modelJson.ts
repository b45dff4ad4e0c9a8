import { resolve } from 'node:path';

import type { io } from '@tensorflow/tfjs-core';

import { TorchBackendError } from '../errors.js';

/**
 * The content of a `model.json`, of which that is checked which reading its weights relies on.
 *
 * @throws TorchBackendError `MODEL_INVALID`
 */
export function modelJsonOf(text: string, path: string): io.ModelJSON {
  let model: unknown;
  try {
    model = JSON.parse(text);
  } catch (cause) {
    throw invalidModel(path, `it is not JSON (${(cause as Error).message})`, cause);
  }
  if (!isObject(model) || !isObject(model['modelTopology'])) {
    throw invalidModel(path, 'it has no modelTopology');
  }
  const manifest = model['weightsManifest'];
  if (manifest != null && !(Array.isArray(manifest) && manifest.every(isGroup))) {
    throw invalidModel(path, 'its weightsManifest is not a list of { paths, weights }');
  }
  return model as unknown as io.ModelJSON;
}

/** The error for a file of a model that is not what it should be. */
export function invalidModel(path: string, problem: string, cause?: unknown): TorchBackendError {
  return new TorchBackendError('MODEL_INVALID', {
    message: `${resolve(path)} is no model of TensorFlow.js: ${problem}.`,
    given: path,
    expected:
      'a model.json as model.save or the converter of TensorFlow.js writes it, with its weights beside it',
    cause,
  });
}

function isGroup(group: unknown): boolean {
  if (!isObject(group)) return false;
  const { paths, weights } = group;
  return (
    Array.isArray(paths) &&
    paths.every((path) => typeof path === 'string') &&
    Array.isArray(weights) &&
    weights.every(isWeight)
  );
}

function isWeight(weight: unknown): boolean {
  if (!isObject(weight)) return false;
  const { name, shape, dtype, quantization } = weight;
  return (
    typeof name === 'string' &&
    typeof dtype === 'string' &&
    Array.isArray(shape) &&
    shape.every((size) => Number.isSafeInteger(size) && size >= 0) &&
    (quantization == null || (isObject(quantization) && typeof quantization['dtype'] === 'string'))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

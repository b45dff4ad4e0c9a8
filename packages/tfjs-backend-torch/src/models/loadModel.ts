import { open, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { io } from '@tensorflow/tfjs-core';

import { TorchBackendError } from '../errors.js';
import { invalidModel, modelJsonOf } from './modelJson.js';
import { requireWeights } from './requireWeights.js';

/**
 * Reads `model.json` and the files of weights that it names, relative to its own folder.
 *
 * @throws TorchBackendError `MODEL_NOT_FOUND`; `MODEL_INVALID` for a file of another form, or weights of another size than
 *   the model says.
 */
export async function loadModel(path: string): Promise<io.ModelArtifacts> {
  await sizeOfFile(path, 'Save a model there first, or correct the address.');
  const model = modelJsonOf(await readFile(path, 'utf8'), path);
  return io.getModelArtifactsForJSON(model, async (manifest) => {
    const specs = io.getWeightSpecs(manifest);
    const files = manifest.flatMap((group) => group.paths).map((name) => resolve(dirname(path), name));
    const weights = await readJoined(files, path);
    requireWeights(weights, specs, path);
    return [specs, weights];
  });
}

/** The files' contents, one after the other. */
async function readJoined(files: readonly string[], model: string): Promise<ArrayBuffer> {
  const sizes: number[] = [];
  for (const file of files) {
    sizes.push(await sizeOfFile(file, `${resolve(model)} names it: copy it there with the model.`));
  }
  const joined = new ArrayBuffer(sizes.reduce((sum, size) => sum + size, 0));
  let begin = 0;
  for (const [index, file] of files.entries()) {
    const size = sizes[index] as number;
    await readInto(new Uint8Array(joined, begin, size), file);
    begin += size;
  }
  return joined;
}

async function readInto(bytes: Uint8Array, path: string): Promise<void> {
  // One call reads less than 2 GiB.
  const mostAtOnce = 2 ** 30;
  const file = await open(path);
  try {
    for (let done = 0; done < bytes.length;) {
      const wanted = Math.min(bytes.length - done, mostAtOnce);
      const { bytesRead } = await file.read(bytes, done, wanted, done);
      if (bytesRead === 0) throw invalidModel(path, 'it became shorter while it was read');
      done += bytesRead;
    }
  } finally {
    await file.close();
  }
}

async function sizeOfFile(path: string, remedy: string): Promise<number> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new TorchBackendError('MODEL_NOT_FOUND', {
      message: `There is no file ${resolve(path)}.`,
      given: path,
      remedy,
      cause,
    });
  });
  if (found.isFile()) return found.size;
  throw new TorchBackendError('MODEL_NOT_FOUND', {
    message: `${resolve(path)} is not a file.`,
    given: path,
    ...(found.isDirectory() && { expected: `the path of a file, such as file://${path}/model.json` }),
  });
}

import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { io } from '@tensorflow/tfjs-core';

import { TorchBackendError } from '../errors.js';
import { writeFileAtomically } from '../writeFileAtomically.js';

const WEIGHTS = 'weights.bin';

/**
 * Writes `model.json` and `weights.bin` into a folder, which is created where there is none. Each file is written under
 * another name first and renamed, the weights before the model that names them.
 *
 * @throws TorchBackendError `MODEL_UNWRITABLE`; `UNSUPPORTED` for a model whose topology is binary.
 */
export async function saveModel(model: io.ModelArtifacts, folder: string): Promise<io.SaveResult> {
  if (model.modelTopology instanceof ArrayBuffer) {
    throw new TorchBackendError('UNSUPPORTED', {
      message: 'The topology of this model is binary, which model.json cannot hold.',
      expected: 'a layers model, or a graph model with its topology as JSON',
    });
  }
  await requireFolder(folder);
  const { weightSpecs, weightData, ...described } = model;
  const modelJson: io.ModelJSON = {
    ...described,
    modelTopology: model.modelTopology ?? {},
    weightsManifest: [{ paths: [WEIGHTS], weights: weightSpecs ?? [] }],
  };
  const weights = [weightData ?? []].flat().map((part) => new Uint8Array(part));
  try {
    await writeFileAtomically(join(folder, WEIGHTS), weights);
    await writeFileAtomically(join(folder, 'model.json'), JSON.stringify(modelJson));
  } catch (cause) {
    throw new TorchBackendError('MODEL_UNWRITABLE', {
      message: `The model cannot be written to ${resolve(folder)}: ${(cause as Error).message}.`,
      given: folder,
      remedy: 'Save it where this user may write, on a disk with room for it.',
      cause,
    });
  }
  return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(model) };
}

async function requireFolder(path: string): Promise<void> {
  const found = await stat(path === '' ? '.' : path).catch(() => undefined);
  if (path !== '' && (found === undefined || found.isDirectory())) return;
  throw new TorchBackendError('MODEL_UNWRITABLE', {
    message:
      path === '' ? 'The address file:// names no folder.' : `${resolve(path)} is a file, not a folder.`,
    given: path,
    expected: 'file:// and the path of a folder, which need not exist: model.json and weights.bin go there',
  });
}

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';

import { TorchBackendError } from '../src/index.js';
import { temporaryFolder } from './fakeLibtorch.js';
import { STARTUP_TIMEOUT_MS, startTorch } from './startTorch.js';

let folder: string;

beforeAll(() => startTorch(), STARTUP_TIMEOUT_MS);
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => rmSync(folder, { recursive: true }));

function imageClassifier(): layers.Sequential {
  return layers.sequential({
    layers: [
      layers.layers.conv2d({ inputShape: [6, 6, 2], filters: 3, kernelSize: 3, activation: 'relu' }),
      layers.layers.batchNormalization(),
      layers.layers.flatten(),
      layers.layers.dense({ units: 4, activation: 'softmax' }),
    ],
  });
}

/** y = x · [[1, 2], [3, 4]], as the converter of Python writes it. */
const matMulGraph = {
  format: 'graph-model',
  generatedBy: '2.11.0',
  convertedBy: 'TensorFlow.js Converter v4.0.0',
  signature: {
    inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '2' }] } } },
    outputs: { y: { name: 'y:0', dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '-1' }, { size: '2' }] } } },
  },
  modelTopology: {
    node: [
      {
        name: 'x',
        op: 'Placeholder',
        attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } },
      },
      {
        name: 'w',
        op: 'Const',
        attr: {
          dtype: { type: 'DT_FLOAT' },
          value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }, { size: '2' }] } } },
        },
      },
      {
        name: 'y',
        op: 'MatMul',
        input: ['x', 'w'],
        attr: { T: { type: 'DT_FLOAT' }, transpose_a: { b: false }, transpose_b: { b: false } },
      },
    ],
    versions: { producer: 1 },
  },
};

function writeModel(model: object): string {
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model));
  return `file://${join(folder, 'model.json')}`;
}

describe('a layers model', () => {
  test('comes back from file:// with the same predictions, and no tensor too many', async () => {
    const model = imageClassifier();
    const target = join(folder, 'not', 'yet there');
    const tensorsBefore = tf.memory().numTensors;
    const { modelArtifactsInfo } = await model.save(`file://${target}`);

    expect(tf.memory().numTensors).toBe(tensorsBefore);
    expect(readdirSync(target).sort()).toEqual(['model.json', 'weights.bin']);
    const written = JSON.parse(readFileSync(join(target, 'model.json'), 'utf8')) as tf.io.ModelJSON;
    expect(written.format).toBe('layers-model');
    expect(written.weightsManifest.map(({ paths }) => paths)).toEqual([['weights.bin']]);
    expect(modelArtifactsInfo).toMatchObject({
      modelTopologyType: 'JSON',
      weightDataBytes: readFileSync(join(target, 'weights.bin')).length,
    });

    const loaded = await layers.loadLayersModel(`file://${target}/model.json`);
    const images = tf.randomUniform([5, 6, 6, 2]);
    const [expected, actual] = [model, loaded].map((one) => one.predict(images) as tf.Tensor);
    expect(Array.from(actual!.dataSync())).toEqual(Array.from(expected!.dataSync()));

    tf.dispose([images, expected!, actual!]);
    expect(loaded.dispose().numDisposedVariables).toBe(8);
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  test('comes back with its optimizer', async () => {
    const model = imageClassifier();
    model.compile({ optimizer: tf.train.adam(0.25), loss: 'categoricalCrossentropy' });
    await model.save(`file://${folder}`, { includeOptimizer: true });
    const loaded = await layers.loadLayersModel(`file://${folder}/model.json`);
    expect(loaded.optimizer.getConfig()).toMatchObject({ learningRate: 0.25 });
  });

  test('is replaced as a whole by one that is saved to the same place', async () => {
    const address = `file://${folder}`;
    await imageClassifier().save(address);
    const smaller = layers.sequential({ layers: [layers.layers.dense({ inputShape: [2], units: 1 })] });
    await smaller.save(address);
    const loaded = await layers.loadLayersModel(`${address}/model.json`);
    expect(loaded.getWeights().map(({ shape }) => shape)).toEqual([[2, 1], [1]]);
    expect(readdirSync(folder).sort()).toEqual(['model.json', 'weights.bin']);
  });
});

test('a graph model comes back, from weights in several files and groups, quantized ones too', async () => {
  writeFileSync(join(folder, 'group1-shard1of2.bin'), new Float32Array([1, 2, 3]));
  writeFileSync(join(folder, 'group1-shard2of2.bin'), new Float32Array([4]));
  writeFileSync(join(folder, 'group2-shard1of1.bin'), new Uint8Array([1, 2, 3]));
  const address = writeModel({
    ...matMulGraph,
    weightsManifest: [
      {
        paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
        weights: [{ name: 'w', shape: [2, 2], dtype: 'float32' }],
      },
      {
        paths: ['group2-shard1of1.bin'],
        weights: [
          {
            name: 'unused',
            shape: [3],
            dtype: 'float32',
            quantization: { dtype: 'uint8', scale: 1, min: 0, original_dtype: 'float32' },
          },
        ],
      },
    ],
  });
  const x = tf.tensor2d([1, 10], [1, 2]);
  const model = await loadGraphModel(address);
  expect(Array.from((model.predict(x) as tf.Tensor).dataSync())).toEqual([31, 42]);
  await model.save(`file://${folder}/again`);
  const again = await loadGraphModel(`file://${folder}/again/model.json`);
  expect(Array.from((again.predict(x) as tf.Tensor).dataSync())).toEqual([31, 42]);
});

test('strings among the weights come back', async () => {
  const { data, specs } = await tf.io.encodeWeights({
    names: tf.tensor1d(['', 'épi', 'b']),
    numbers: tf.tensor1d([1, 2]),
  });
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(data));
  const model = {
    modelTopology: {},
    weightsManifest: [{ paths: ['weights.bin'], weights: specs }],
  };
  const { weightData } = await load(writeModel(model));
  const decoded = tf.io.decodeWeights(weightData!, specs);
  expect(decoded['names']!.dataSync()).toEqual(['', 'épi', 'b']);
  expect(Array.from(decoded['numbers']!.dataSync())).toEqual([1, 2]);
  writeFileSync(join(folder, 'weights.bin'), new Uint8Array(data).subarray(0, 9));
  await expectRefused(load(writeModel(model)), 'MODEL_INVALID', '9 bytes, and it describes more');
});

describe('loading is refused, with its reason,', () => {
  const weights = [{ name: 'w', shape: [2, 2], dtype: 'float32' }];
  const manifest = [{ paths: ['w.bin'], weights }];

  test.each<[string, unknown, string]>([
    ['what is not JSON', '{"modelTopology": ', 'not JSON'],
    ['what holds no model', '[]', 'no modelTopology'],
    ['another JSON file', '{"name": "x"}', 'no modelTopology'],
    ['a manifest of another form', { weightsManifest: {} }, 'list of { paths, weights }'],
    ['a group without paths', { weightsManifest: [{ weights }] }, 'list of { paths, weights }'],
    [
      'a shape that none has',
      { weightsManifest: [{ paths: ['w.bin'], weights: [{ ...weights[0], shape: [-2, -2] }] }] },
      'list of { paths, weights }',
    ],
    [
      'a shape beyond memory',
      { weightsManifest: [{ paths: ['w.bin'], weights: [{ ...weights[0], shape: [1e12, 4] }] }] },
      '16 bytes, and it describes more',
    ],
    [
      'a data type of another kind',
      { weightsManifest: [{ paths: ['w.bin'], weights: [{ ...weights[0], dtype: 'object' }] }] },
      "data type 'object'",
    ],
    [
      'weights of another model',
      { weightsManifest: [{ paths: ['w.bin'], weights: [{ ...weights[0], shape: [3] }] }] },
      '16 bytes, and it describes 12 bytes',
    ],
  ])('of %s', async (_, model, problem) => {
    writeFileSync(join(folder, 'w.bin'), new Float32Array(4));
    const address = writeModel({});
    const text =
      typeof model === 'string' ? model : JSON.stringify({ modelTopology: {}, ...(model as object) });
    writeFileSync(join(folder, 'model.json'), text);
    await expectRefused(load(address), 'MODEL_INVALID', problem);
  });

  test('of files that are not there, or are folders', async () => {
    await expectRefused(load(`file://${folder}/model.json`), 'MODEL_NOT_FOUND', 'There is no file');
    await expectRefused(load(`file://${folder}`), 'MODEL_NOT_FOUND', `file://${folder}/model.json`);
    const address = writeModel({ modelTopology: {}, weightsManifest: manifest });
    await expectRefused(load(address), 'MODEL_NOT_FOUND', 'copy it there with the model');
  });
});

test('whatever stands in a model.json is read, or refused by a typed error', async () => {
  const whole = {
    modelTopology: {},
    weightsManifest: [
      {
        paths: ['w.bin'],
        weights: [
          { name: 'w', shape: [2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 1, min: 0 } },
          { name: 'names', shape: [1], dtype: 'string' },
        ],
      },
    ],
  };
  writeFileSync(join(folder, 'w.bin'), new Uint8Array([1, 2, 1, 0, 0, 0, 65]));
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  const hostile = [
    ...['null', 'true', '0', '-1', '0.5', '1e12', '1e999', '""', '"w\\u0000"', '"../w.bin"', '"constructor"'],
    ...['[]', '{}', '[null]', '[[1e12, 0]]', '{"length": 1e12}', '{"__proto__": {}}', nested(50_000)],
  ];
  let taken = 0;
  for (const path of pathsIn(whole)) {
    for (const value of hostile) {
      writeFileSync(join(folder, 'model.json'), JSON.stringify(replaced(whole, path)).replace('"?"', value));
      await load(`file://${join(folder, 'model.json')}`).then(
        () => taken++,
        (error: unknown) => expect(error).toBeInstanceOf(TorchBackendError),
      );
    }
  }
  expect(taken).toBeGreaterThan(40);
}, 60_000);

describe('saving is refused, with its reason,', () => {
  test('to a file, below a file, and to no path', async () => {
    writeFileSync(join(folder, 'file'), '');
    const model = layers.sequential({ layers: [layers.layers.dense({ inputShape: [2], units: 1 })] });
    await expectRefused(model.save(`file://${folder}/file`), 'MODEL_UNWRITABLE', 'is a file');
    await expectRefused(model.save(`file://${folder}/file/below`), 'MODEL_UNWRITABLE', 'cannot be written');
    await expectRefused(model.save('file://'), 'MODEL_UNWRITABLE', 'names no folder');
  });

  test('of a binary topology, and nothing is written', async () => {
    const target = join(folder, 'binary');
    const [handler] = tf.io.getSaveHandlers(`file://${target}`);
    await expectRefused(
      handler!.save!({ modelTopology: new ArrayBuffer(1) }),
      'UNSUPPORTED',
      'topology of this model is binary',
    );
    expect(existsSync(target)).toBe(false);
  });
});

test('another handler of file:// that comes later, as that of tfjs-node, is the only one from then on', () => {
  type Router = Parameters<typeof tf.io.registerLoadRouter>[0];
  const other = { load: () => Promise.resolve({}), save: () => Promise.reject(new Error('unused')) };
  const router = (address: string | string[]) => (String(address).startsWith('file:') ? other : null);
  expect(tf.io.getLoadHandlers('file://model.json')).toHaveLength(1);
  tf.io.registerLoadRouter(router as Router);
  tf.io.registerSaveRouter(router as Router);
  expect(tf.io.getLoadHandlers('file://model.json')).toEqual([other]);
  expect(tf.io.getSaveHandlers('file://model')).toEqual([other]);
});

async function load(address: string): Promise<tf.io.ModelArtifacts> {
  const handlers = tf.io.getLoadHandlers(address);
  expect(handlers).toHaveLength(1);
  return handlers[0]!.load!();
}

async function expectRefused(call: Promise<unknown>, code: string, text: string): Promise<void> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TorchBackendError);
  expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
}

/** The keys that lead to each value in a JSON value, the whole included. */
function pathsIn(value: unknown): string[][] {
  if (typeof value !== 'object' || value === null) return [[]];
  const inside = Object.entries(value).flatMap(([key, part]) => pathsIn(part).map((path) => [key, ...path]));
  return [[], ...inside];
}

/** A copy with a question mark in the place of one value. */
function replaced(value: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return '?';
  const copy = structuredClone(value) as Record<string, unknown>;
  copy[key] = replaced(copy[key], rest);
  return copy;
}

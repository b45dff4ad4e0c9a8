import { describe, expect, test } from '@jest/globals';
import { ConfigError, configJsonSchema, presets, resolveConfig, type ConfigProblem } from '@protocl/pipeline';

import { readSetFlag } from '../../src/config/setFlag.js';

// With numbers of its own, which do not change when the preset is tuned.
const demo = {
  origin: 'preset pcl-demo',
  values: {
    ...presets['pcl-demo'],
    method: { ...presets['pcl-demo']!.method, queue: 2048, granularities: [250, 500], warmupEpochs: 4 },
    training: { epochs: 8, batchSize: 256 },
    evaluation: { knn: { k: 200 } },
  },
};

/** What is wrong with the demo's preset under these flags. */
function problemsWith(...flags: string[]): readonly ConfigProblem[] {
  try {
    resolveConfig([demo, ...flags.map(readSetFlag)]);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('resolveConfig', () => {
  test('takes every value from the highest layer that has it, and says which', () => {
    const file = {
      origin: 'mine.yaml',
      values: { method: { temperature: 0.3, momentum: 0.9 }, encoder: { width: 8 } },
    };
    const { config, origins } = resolveConfig([demo, file, readSetFlag('method.momentum=0.5')]);
    expect(config.method).toMatchObject({ temperature: 0.3, momentum: 0.5, expectation: { alpha: 10 } });
    expect(config.encoder).toMatchObject({ width: 8, architecture: 'resnet8' });
    expect(origins).toMatchObject({
      'method.temperature': 'mine.yaml',
      'method.momentum': '--set method.momentum=0.5',
      'encoder.width': 'mine.yaml',
      'encoder.architecture': 'preset pcl-demo',
      'method.expectation.alpha': 'default',
      'method.expectation.iterations': 'default',
    });
  });

  test('hands on how the engine is to compute on CUDA, and leaves it to libtorch otherwise', () => {
    const flags = ['engine.float32Precision=high', 'engine.cudnnBenchmark=true'].map(readSetFlag);
    const settings = { float32Precision: 'high', cudnnBenchmark: true };
    expect(resolveConfig([demo, ...flags]).config.engine).toMatchObject(settings);
    for (const name of Object.keys(settings)) {
      expect(resolveConfig([demo]).config.engine).not.toHaveProperty(name);
    }
  });

  test('replaces lists, and objects whose kind changes, as a whole', () => {
    const layer = {
      origin: 'mine.json',
      values: {
        method: { granularities: [7] },
        optimizer: { kind: 'adamW', beta1: 0.8 },
        data: { kind: 'folder', train: '/images' },
      },
    };
    const { config, origins } = resolveConfig([demo, layer]);
    expect(config.method).toMatchObject({ kind: 'pcl', granularities: [7] });
    // The preset's momentum would be an unknown key of AdamW.
    expect(config.optimizer).toEqual({
      kind: 'adamW',
      weightDecay: 0.01,
      decayNormAndBias: false,
      beta1: 0.8,
      beta2: 0.999,
      epsilon: 1e-8,
    });
    expect(origins['optimizer.momentum']).toBeUndefined();
    expect(origins['optimizer.weightDecay']).toBe('default');
  });

  test.each(Object.keys(presets))('accepts the preset %s', (name) => {
    const { config } = resolveConfig([{ origin: name, values: presets[name]! }]);
    expect(config.name).toBe(name);
  });

  test('gives folders an absolute path', () => {
    const { config } = resolveConfig([{ origin: 'p', values: presets['pcl-v1-imagenet']! }]);
    expect(config.data).toMatchObject({ train: `${process.cwd()}/imagenet/train` });
  });

  test('leaves the layers as they were', () => {
    const before = structuredClone(presets['pcl-demo']);
    resolveConfig([demo, readSetFlag('method.expectation.redo=3')]);
    expect(presets['pcl-demo']).toEqual(before);
  });
});

describe('an unknown key', () => {
  test.each([
    ['method.tempratur=0.1', 'method.tempratur', 'Did you mean method.temperature?'],
    ['trainnig.epochs=3', 'trainnig', 'Did you mean training?'],
    ['temperature=0.1', 'temperature', 'Did you mean method.temperature or evaluation.knn.temperature?'],
    ['data.trian=x', 'data.trian', undefined],
    ['data.train=x', 'data.train', 'It goes with data.kind=folder'],
    ['optimizer.beta1=0.5', 'optimizer.beta1', 'It goes with optimizer.kind=adamW'],
    ['encoder.head.dimensoin=3', 'encoder.head.dimensoin', 'Did you mean encoder.head.dimension?'],
    ['__proto__.x=1', '__proto__', undefined],
    ['constructor=1', 'constructor', undefined],
  ])('%s', (flag, path, suggestion) => {
    const problems = problemsWith(flag);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ kind: 'unknown key', path, origin: `--set ${flag}` });
    expect(problems[0]!.suggestion).toBe(suggestion);
  });

  test('is explained by the keys of the kind that was chosen', () => {
    const [problem] = problemsWith('optimizer.beta1=0.5');
    expect(problem!.expected).toBe('one of kind, momentum, nesterov, weightDecay, decayNormAndBias');
  });
});

describe('a wrong value', () => {
  test.each([
    ['method.temperature=warm', 'method.temperature', 'a number', undefined],
    ['method.temperature=0', 'method.temperature', 'more than 0', undefined],
    ['training.epochs=1.5', 'training.epochs', 'a whole number, or auto', undefined],
    ['training.epochs=', 'training.epochs', 'a number, or auto', undefined],
    ['training.epochs=atuo', 'training.epochs', 'a number, or auto', 'Did you mean auto?'],
    ['training.batchSize=1', 'training.batchSize', 'at least 2', undefined],
    ['optimizer.momentum=1', 'optimizer.momentum', 'less than 1', undefined],
    ['method.granularities=250', 'method.granularities', 'an array, or auto', undefined],
    ['method.granularities=[]', 'method.granularities', 'at least 1 of them', undefined],
    ['method.granularities=[2, x]', 'method.granularities.1', 'a number', undefined],
    [
      'encoder.architecture=resnet81',
      'encoder.architecture',
      expect.stringContaining('resnet8'),
      'Did you mean resnet8?',
    ],
    ['optimizer.kind=sdg', 'optimizer.kind', 'one of sgd, lars, adamW', 'Did you mean sgd?'],
    ['engine.device=gpu', 'engine.device', 'cpu, cuda, cuda:N or mps', undefined],
    ['engine.float32Precision=medium', 'engine.float32Precision', 'one of highest, high', undefined],
    ['engine.cudnnBenchmark=1', 'engine.cudnnBenchmark', 'a boolean', undefined],
    ['encoder=5', 'encoder', 'an object', undefined],
    [
      'augmentation.changes={flip: {probability: 2}}',
      'augmentation.changes.flip.probability',
      'at most 1',
      undefined,
    ],
  ])('%s', (flag, path, expected, suggestion) => {
    const problems = problemsWith(flag);
    const [problem] = problems.filter((candidate) => candidate.path === path);
    expect(problem).toMatchObject({ kind: 'wrong value', path, expected, origin: `--set ${flag}` });
    expect(problem!.suggestion).toBe(suggestion);
  });

  test('that is missing is named', () => {
    expect(() => resolveConfig([{ origin: 'x', values: { data: { kind: 'cifar10' } } }])).toThrow(
      /optimizer: missing\. Expected an object/,
    );
  });
});

describe('an impossible combination', () => {
  test.each([
    ['method.prototypeNegatives=250', 'method.prototypeNegatives', /at most 0/, /Leave it out/],
    [
      'augmentation.changes={gaussianBlur: {probability: 1, sigma: [1, 2], kernel: 65}}',
      'augmentation',
      /gaussianBlur.kernel/,
      /augmentation.size/,
    ],
    ['method.queue=1000', 'method.queue', /multiple of 256/, /Use 1024/],
    ['method.batchNormSplits=3', 'method.batchNormSplits', /divisor of 256/, /Use 2/],
    ['method.batchNormSplits=256', 'method.batchNormSplits', /at least 2 images/, /Use 128/],
    ['method.warmupEpochs=9', 'method.warmupEpochs', /at most training.epochs, 8/, /train for longer/],
    ['schedule.warmupEpochs=8', 'schedule.warmupEpochs', /less than training.epochs, 8/, /train for longer/],
    ['method.granularities=[250, 50001]', 'method.granularities.1', /at most 50000/, /fewer clusters/],
    ['data.limit=300', 'method.granularities.1', /at most 300/, /fewer clusters/],
    ['evaluation.trainLimit=100', 'evaluation.knn.k', /100/, /Use 10/],
  ])('%s', (flag, path, expected, suggestion) => {
    const problems = problemsWith(flag);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ kind: 'impossible combination', path });
    expect(problems[0]!.expected).toMatch(expected);
    expect(problems[0]!.suggestion).toMatch(suggestion);
  });

  test('names where its value came from', () => {
    expect(problemsWith('data.limit=300')[0]!.origin).toBe('preset pcl-demo');
    expect(problemsWith('training.batchSize=100000')[0]!.origin).toBe('preset pcl-demo');
  });

  test('several are told at once', () => {
    const problems = problemsWith('method.queue=1000', 'method.batchNormSplits=3');
    expect(problems.map(({ path }) => path)).toEqual(['method.queue', 'method.batchNormSplits']);
  });
});

describe('a method of another kind', () => {
  const shared = { temperature: 0.2, symmetric: false, momentum: 0.999 };
  const methods: [flags: string[], method: Record<string, unknown>][] = [
    [['method.kind=moco'], { kind: 'moco', queue: 65_536, batchNormSplits: 8, ...shared }],
    [['method.kind=simclr'], { kind: 'simclr', temperature: 0.1 }],
    [['method.kind=simclr', 'method.temperature=0.5'], { kind: 'simclr', temperature: 0.5 }],
    [
      ['method.kind=deepcluster', 'method.clusters=300'],
      {
        kind: 'deepcluster',
        clusters: 300,
        components: 256,
        everyEpochs: 1,
        sampling: 'uniform',
        classifier: { learningRate: 0.05, weightDecay: 1e-5 },
        clustering: {
          iterations: 20,
          redo: 1,
          minPointsPerCentroid: 10,
          maxPointsPerCentroid: 1000,
          assigner: 'tensor',
        },
      },
    ],
  ];
  test.each(methods)('%j replaces the preset’s', (flags, method) => {
    const { config, origins } = resolveConfig([demo, ...flags.map(readSetFlag)]);
    expect(config.method).toEqual(method);
    expect(origins['method.granularities']).toBeUndefined();
    expect(origins['method.kind']).toBe(`--set ${flags[0]}`);
  });

  test.each([
    ['method.kind=mocco', 'method.kind', 'wrong value', 'Did you mean moco?'],
    [
      'method={kind: moco, granularities: [4]}',
      'method.granularities',
      'unknown key',
      'It goes with method.kind=pcl',
    ],
    [
      'method={kind: simclr, temprature: 1}',
      'method.temprature',
      'unknown key',
      'Did you mean method.temperature?',
    ],
    ['method={kind: moco, queue: 1000}', 'method.queue', 'impossible combination', 'Use 1024'],
    ['method={kind: moco, batchNormSplits: 3}', 'method.batchNormSplits', 'impossible combination', 'Use 2'],
    [
      'method={kind: deepcluster, clusters: 50001}',
      'method.clusters',
      'impossible combination',
      expect.any(String),
    ],
  ])('%s is told', (flag, path, kind, suggestion) => {
    const problems = problemsWith(flag);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ kind, path });
    expect(problems[0]!.suggestion).toEqual(suggestion);
  });
});

test('the JSON schema knows each kind of method by its own keys', () => {
  const { method } = configJsonSchema()['properties'] as {
    method: { oneOf: { properties: Record<string, { const?: string }>; additionalProperties: boolean }[] };
  };
  const kinds = method.oneOf.map(({ properties, additionalProperties }) => {
    expect(additionalProperties).toBe(false);
    // The seed is that of the run.
    expect(properties['seed']).toBeUndefined();
    return [properties['kind']!.const, Object.keys(properties)] as const;
  });
  expect(kinds.map(([kind]) => kind)).toEqual(['pcl', 'moco', 'simclr', 'deepcluster']);
  const keys: Record<string, string[]> = Object.fromEntries(kinds.map(([kind, names]) => [kind!, names]));
  expect(keys['simclr']).toEqual(['kind', 'temperature']);
  expect(keys['moco']).toEqual(expect.arrayContaining(['queue', 'momentum', 'symmetric', 'batchNormSplits']));
  expect(keys['moco']).not.toContain('granularities');
  expect(keys['pcl']).toEqual(expect.arrayContaining(['granularities', 'instanceWeight', 'prototypeWeight']));
  expect(keys['deepcluster']).toEqual(expect.arrayContaining(['clusters', 'sampling', 'classifier']));
});

test('the JSON schema describes every key', () => {
  const schema = configJsonSchema();
  expect(schema).toMatchObject({ type: 'object', additionalProperties: false });
  expect(Object.keys(schema['properties'] as object)).toEqual(
    expect.arrayContaining(['data', 'augmentation', 'encoder', 'method', 'optimizer', 'schedule', 'engine']),
  );
});

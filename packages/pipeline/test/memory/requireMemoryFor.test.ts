import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { plannedRuns, presets, resolveConfig, runCommandLine, train } from '@protocl/pipeline';

import { readSetFlag } from '../../src/config/setFlag.js';
import { configuredEngine, memoryInWords, requireMemoryFor } from '../../src/memory/requireMemoryFor.js';
import { recorder } from '../recorder.js';
import { syntheticImages } from '../syntheticImages.js';
import { tiny, tinyConfig } from '../tinyConfig.js';

jest.setTimeout(120_000);

let parent: string;
beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'protocl-memory-'));
});
afterAll(() => rm(parent, { recursive: true }));

const cpu = { name: 'torch', device: 'cpu' };
const cuda = { name: 'torch', device: 'cuda:0' };

function check(engine: typeof cpu | undefined, flags: string[], sizes = { train: 50_000, test: 10_000 }) {
  const { config } = resolveConfig([{ origin: 'tiny', values: tiny }, ...flags.map(readSetFlag)]);
  return () => requireMemoryFor('this run', config, sizes, engine);
}

describe('a run that memory cannot hold is refused with the setting to lower', () => {
  test.each([
    ['encoder.width=1000000000', /weights of the encoder: .*Lower encoder.width\./],
    [
      'method.queue=1600000000000',
      /the queue: .* TiB \(method.queue\).*Lower method.queue or training.batchSize\./,
    ],
    ['encoder.head.dimension=1000000000', /features of all images: .*encoder.head.dimension/],
    ['training.batchSize=160000000', /all views of a batch: .*Lower training.batchSize\./],
  ])('%s', (flag, message) => {
    // Of a data set that is large enough for such batches.
    const flags = flag.startsWith('training')
      ? ['method={kind: simclr}', 'data={kind: folder, train: x}']
      : [];
    expect(check(cpu, [...flags, flag])).toThrow(
      expect.objectContaining({
        code: 'INSUFFICIENT_MEMORY',
        message: expect.stringMatching(message) as unknown,
      }),
    );
  });

  test('what is made ahead is counted whatever the engine, but no more than an epoch has', () => {
    const flags = ['data={kind: folder, train: x, prefetch: 1000000000000}'];
    expect(check(cuda, flags, { train: 2e13, test: 1 })).toThrow(/batches made ahead: .*Lower data.prefetch/);
    expect(check(cuda, flags, { train: 200, test: 1 })).not.toThrow();
  });
});

describe('nothing is refused that could work', () => {
  test.each(Object.keys(presets))('%s', (name) => {
    const { config } = resolveConfig([{ origin: 'preset', values: presets[name]! }]);
    const group = jest.spyOn(process, 'constrainedMemory').mockReturnValue(24 * 2 ** 30);
    const sizes = name.includes('imagenet')
      ? { train: 1_281_167, test: 50_000 }
      : { train: 50_000, test: 10_000 };
    expect(() => requireMemoryFor('this run', config, sizes, cuda)).not.toThrow();
    group.mockRestore();
  });

  test('tensors of a GPU are not in the memory of this process', () => {
    const queue = ['method.queue=1600000000000'];
    expect(check(cuda, queue)).not.toThrow();
    expect(check(undefined, queue)).not.toThrow();
  });

  test('engine.memoryLimit raises the limit, or lowers it', () => {
    const group = jest.spyOn(process, 'constrainedMemory').mockReturnValue(2 ** 30);
    expect(check(cpu, ['method.queue=64000000'])).toThrow(/expected: at most 1 GiB, the memory of/);
    expect(check(cpu, ['method.queue=64000000', 'engine.memoryLimit=10000000000'])).not.toThrow();
    expect(check(cpu, ['engine.memoryLimit=1000'])).toThrow(/at most 1000 bytes, engine.memoryLimit/);
    group.mockRestore();
  });
});

test('WebAssembly reaches 4 GiB, however much there is', () => {
  const group = jest.spyOn(process, 'constrainedMemory').mockReturnValue(0);
  expect(check({ name: 'wasm', device: 'cpu' }, ['method.queue=160000000'])).toThrow(
    /at most 4 GiB, what WebAssembly/,
  );
  group.mockRestore();
});

test.each([
  [[], undefined],
  [['engine.backend=wasm'], { name: 'wasm', device: 'cpu' }],
  [['engine.backend=torch'], undefined],
  [['engine.backend=torch', 'engine.device=cuda'], { name: 'torch', device: 'cuda' }],
])('the engine of %p', (flags, engine) => {
  const demo = { origin: 'demo', values: presets['pcl-demo']! };
  expect(configuredEngine(resolveConfig([demo, ...flags.map(readSetFlag)]).config)).toEqual(engine);
});

describe('it is said', () => {
  test('at the start of a run, which then has not begun', async () => {
    const { output, text } = recorder(false);
    const folder = join(parent, 'run');
    const images = { train: syntheticImages(64, 1) };
    const method = { queue: 16e12 };
    await expect(train(tinyConfig({ method }), { folder, images, output })).rejects.toMatchObject({
      code: 'INSUFFICIENT_MEMORY',
    });
    expect(await readdir(folder)).toEqual(['log.jsonl']);
    const summary = await train(tinyConfig({ training: { epochs: 2 } }), { folder, images, output });
    expect(summary.status).toBe('completed');
    expect(text()).toMatch(/memory: at least [\d.]+ MiB of [\d.]+ GiB \(images: /);
  });

  test('by protocl config', async () => {
    const lines: string[] = [];
    const terminal = { print: (line: string) => void lines.push(line), output: recorder(false).output };
    expect(await runCommandLine(['config', '--preset', 'pcl-demo'], terminal)).toBe(0);
    expect(lines.at(-1)).toMatch(/memory: at least [\d.]+ MiB of .*activations of images encoded at once/);
  });

  test('before the first run of a comparison', async () => {
    const grid = {
      name: 'g',
      base: tiny,
      arms: { wide: { encoder: { width: 1e9 } }, usual: {} },
      seeds: [1],
    };
    await expect(plannedRuns(grid, { out: join(parent, 'g') })).rejects.toMatchObject({
      code: 'INSUFFICIENT_MEMORY',
      message: expect.stringMatching(/a run of arm wide needs more memory/) as unknown,
    });
  });

  test('of images whose number is not known without what depends on it', () => {
    const { config } = resolveConfig([
      { origin: 'tiny', values: tiny },
      readSetFlag('data={kind: folder, train: x}'),
    ]);
    expect(memoryInWords(config, {})).not.toMatch(/features of all images/);
  });
});

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

import { augmentCases } from '../augment/cases.js';
import { deviceAugmentCases } from '../augment/deviceCases.js';
import { parseOptions } from '../options.js';

const execute = promisify(execFile);
const main = join(import.meta.dirname, '../main.ts');
const small = ['--tiny', '--backend', 'cpu', '--no-peer', '--samples', '2', '--threads', '2'];

function bench(...args: string[]) {
  return execute(process.execPath, ['--conditions=@protocl/source', '--import', 'tsx', main, ...args]);
}

test('the augment benchmark runs without a peer', async () => {
  const { stdout } = await bench('augment', ...small);
  const names = stdout.split('\n').map((line) => line.split(' ')[0]);
  expect(names).toEqual([
    'case',
    'two-views/cifar/batch-8/threads-2',
    'two-views/moco-v2-32px/batch-8/threads-2',
    'jpeg-two-crops/500x375-224px/threads-2',
    '',
  ]);
  expect(stdout.match(/no peer/g)).toHaveLength(3);
}, 60_000);

test('torchvision is tried on tensors and on PIL images, with workers and without, and PyTorch on batches', () => {
  const cases = augmentCases('picture.jpg', parseOptions(['augment', '--threads', '2']));
  const workers = ['2 workers', 'no workers'];
  const of = (way: string) => workers.map((count) => `${way}, ${count}`);
  const views = ['plain PyTorch, by batches', ...of('v2 on tensors'), ...of('PIL')];
  expect(cases.map(({ peers }) => peers.map(({ variant }) => variant))).toEqual([
    views,
    views,
    [...of('PIL'), ...of('PIL and v2'), ...of('decode_jpeg and v2')],
  ]);
});

test('on a graphics processor images of two sizes are turned into views', async () => {
  const cases = deviceAugmentCases(parseOptions(['augment', '--device', 'cuda']));
  expect(cases.map(({ name, items, ours }) => [name, items, ours['side']])).toEqual([
    ['two-views/cifar/32px/batch-256/cuda', 256, 32],
    ['two-views/moco-v2/256px-to-224px/batch-256/cuda', 256, 256],
  ]);
  for (const { ours, peers } of cases) {
    expect(peers.map(({ task }) => task['way'])).toEqual(['batched', 'v2-images', 'v2-batch']);
    for (const { task, aside, mayFail } of peers) {
      // One draw for a whole batch is less than what ours does.
      expect([aside, mayFail]).toEqual([task['way'] === 'v2-batch', true]);
      expect(task).toMatchObject({ recipe: ours['recipe'], side: ours['side'], device: 'cuda' });
    }
  }
});

test('which a processor can try out', async () => {
  const { stdout } = await bench('augment', ...small, '--device-cases', '--backend', 'wasm');
  expect(stdout).toMatch(/^two-views\/cifar\/32px\/batch-4\/cpu .*no peer$/m);
  expect(stdout).toMatch(/^two-views\/moco-v2\/256px-to-224px\/batch-4\/cpu .*no peer$/m);
}, 120_000);

test('a filter that leaves no case is refused', async () => {
  await expect(bench('augment', ...small, '--filter', 'png')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no case has the text.*given: png/s),
  });
}, 60_000);

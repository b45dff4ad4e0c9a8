import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from '@jest/globals';

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

test('a filter that leaves no case is refused', async () => {
  await expect(bench('augment', ...small, '--filter', 'png')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no case has the text.*given: png/s),
  });
}, 60_000);

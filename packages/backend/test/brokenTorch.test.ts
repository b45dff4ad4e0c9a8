import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, beforeAll, expect, test } from '@jest/globals';

const LIBRARIES = ['torch', 'torch_cpu', 'c10'];
/** What a shared library begins with; the rest was lost on the way. */
const CUT_OFF_LIBRARY = Buffer.concat([Buffer.from('\x7fELF\x02\x01\x01', 'latin1'), Buffer.alloc(57)]);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'broken-libtorch-'));
  const headers = join(folder, 'include', 'ATen');
  await mkdir(headers, { recursive: true });
  await writeFile(join(headers, 'ATen.h'), '');
  await mkdir(join(folder, 'lib'));
  for (const library of LIBRARIES) {
    for (const extension of ['so', 'dylib']) {
      await writeFile(join(folder, 'lib', `lib${library}.${extension}`), CUT_OFF_LIBRARY);
    }
  }
});
afterAll(() => rm(folder, { recursive: true }));

const script = `
  import * as tf from '@tensorflow/tfjs-core';
  import { useBackend, sgdMomentumStep } from '${pathToFileURL(join(import.meta.dirname, '..', 'src', 'index.ts')).href}';
  const { name, rejected } = await useBackend('auto');
  const parameter = tf.variable(tf.tensor1d([1, 2]));
  const { grads } = tf.variableGrads(() => tf.sum(tf.square(parameter)), [parameter]);
  sgdMomentumStep([parameter], [tf.variable(tf.zeros([2]))], Object.values(grads), { learningRate: 0.25 });
  console.log(JSON.stringify({ name, why: rejected[0].why, trained: [...parameter.dataSync()] }));
`;

test('with a truncated libtorch, auto goes on with wasm, trains there and says why', async () => {
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@protocl/source', '--import', 'tsx', '--input-type=module', '--eval', script],
    { cwd: import.meta.dirname, env: { ...process.env, PROTOCL_LIBTORCH: folder, NODE_OPTIONS: '' } },
  );
  const { name, why, trained } = JSON.parse(stdout) as { name: string; why: string; trained: number[] };
  expect(name).toBe('wasm');
  expect(trained).toEqual([0.5, 1]);
  expect(why).toContain(folder);
  expect(why).toContain('PROTOCL_LIBTORCH');
  expect(stderr).toContain(
    '[protocl] backend wasm on cpu: the best that works here; better but not available: torch (',
  );
  expect(stderr).toContain(why.replace(/\.$/, ''));
}, 60_000);

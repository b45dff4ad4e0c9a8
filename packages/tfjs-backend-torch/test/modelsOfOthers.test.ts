import { expect, test } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';

test('a handler of file:// that was there before, as that of tfjs-node, stays the only one', async () => {
  type Router = Parameters<typeof tf.io.registerLoadRouter>[0];
  const other = { load: () => Promise.resolve({}), save: () => Promise.reject(new Error('unused')) };
  const router = (address: string | string[]) => (String(address).startsWith('file:') ? other : null);
  tf.io.registerLoadRouter(router as Router);
  tf.io.registerSaveRouter(router as Router);
  const { registerTorchBackend } = await import('../src/index.js');
  registerTorchBackend();
  expect(tf.io.getLoadHandlers('file://model.json')).toEqual([other]);
  expect(tf.io.getSaveHandlers('file://model')).toEqual([other]);
});

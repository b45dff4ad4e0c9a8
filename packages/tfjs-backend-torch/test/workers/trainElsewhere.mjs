// Trains the small network in a worker thread or a process of its own, and sends what came of it to the one who asked.
import { parentPort, threadId } from 'node:worker_threads';

import { register } from 'tsx/esm/api';

register();
const { startTorch, torchMemory } = await import('../startTorch.ts');
const { trainSmallNetwork } = await import('./trainSmallNetwork.ts');

await startTorch();
const send = (message) =>
  (parentPort ?? { postMessage: (value) => process.send(value) }).postMessage(message);
const asked = parentPort ?? process;
asked.once('message', (seed) => {
  const weights = trainSmallNetwork(seed);
  send({ weights, threadId, pid: process.pid, numTensors: torchMemory().numTensors });
  if (parentPort === null) process.disconnect();
});
send('ready');

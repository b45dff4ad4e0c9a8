// Trains the small network in a worker thread or a process of its own, and sends what came of it to the one who asked.
import { parentPort, threadId } from 'node:worker_threads';

import { register } from 'tsx/esm/api';

register();
const { startTorch, torchMemory } = await import('../startTorch.ts');
const { trainSmallNetwork } = await import('./trainSmallNetwork.ts');

await startTorch();
const asked = parentPort ?? process;
const send = (message, sent) => {
  if (parentPort === null) process.send(message, sent);
  else parentPort.postMessage(message);
};
asked.once('message', (seed) => {
  const weights = trainSmallNetwork(seed);
  const { numTensors } = torchMemory();
  send({ weights, threadId, pid: process.pid, numTensors }, () => process.disconnect());
});
send('ready');

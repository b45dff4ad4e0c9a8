import { createRequire, syncBuiltinESMExports } from 'node:module';

const workerThreads = createRequire(import.meta.url)('node:worker_threads');

/**
 * Loaded before a program, this lets SIGUSR2 end all of its worker threads, as a crash of theirs would, at the moment
 * at which one of them is next given work: idle ones would only be replaced.
 */
const workers = new Set();
workerThreads.Worker = class extends workerThreads.Worker {
  /** @param {ConstructorParameters<typeof import('node:worker_threads').Worker>} given */
  constructor(...given) {
    super(...given);
    workers.add(this);
  }
};
syncBuiltinESMExports();

let isDue = false;
process.on('SIGUSR2', () => {
  isDue = true;
});
const { postMessage } = workerThreads.MessagePort.prototype;
/** @param {Parameters<typeof postMessage>} given */
workerThreads.MessagePort.prototype.postMessage = function (...given) {
  postMessage.apply(this, given);
  if (!isDue) return;
  isDue = false;
  for (const worker of workers) void worker.terminate();
};

import { createRequire, syncBuiltinESMExports } from 'node:module';

const workerThreads = createRequire(import.meta.url)('node:worker_threads');

/** Loaded before a program, this lets SIGUSR2 end all of its worker threads, as a crash of theirs would. */
const workers = new Set();
workerThreads.Worker = class extends workerThreads.Worker {
  /** @param {ConstructorParameters<typeof import('node:worker_threads').Worker>} given */
  constructor(...given) {
    super(...given);
    workers.add(this);
  }
};
syncBuiltinESMExports();
process.on('SIGUSR2', () => {
  for (const worker of workers) void worker.terminate();
});

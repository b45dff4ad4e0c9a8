import type { PreparedTask } from '../../harness/serve.js';

/** A task that does the same work again and again; whoever runs it waits for the device. */
export function repeat(work: () => void): PreparedTask {
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i++) work();
      return undefined;
    },
  };
}

import type { PreparedTask } from '../../harness/serve.js';
import { synchronize } from '../../ours/startEngine.js';

/** A task that does the same work again and again, and then waits for the device. */
export function repeat(work: () => void): PreparedTask {
  return {
    run(iterations) {
      for (let i = 0; i < iterations; i++) work();
      synchronize();
      return undefined;
    },
  };
}

// A worker whose task is to wait, and to print where only replies belong.
import { setTimeout as sleep } from 'node:timers/promises';

import { serve } from '../harness/serve.js';

await serve(async ({ milliseconds }) => {
  if (typeof milliseconds !== 'number') throw new TypeError('milliseconds have to be a number');
  console.log('{"seconds": 42}');
  return {
    versions: { worker: '1.0', folder: import.meta.dirname },
    async run(iterations) {
      await sleep(milliseconds * iterations);
      return { waited: milliseconds * iterations };
    },
  };
});

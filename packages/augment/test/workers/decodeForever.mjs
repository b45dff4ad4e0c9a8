// Decodes a file until it is terminated, several times at once as a thread of a loader does, and posts the sum of the values.
import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { register } from 'tsx/esm/api';

register();
const { plainJpegSize } = await import('../../src/files/plainJpeg.ts');
const { loadTurboJpeg } = await import('../../src/files/turboJpeg.ts');

const bytes = await readFile(workerData);
const decode = await loadTurboJpeg();
if (decode === undefined) throw new Error('There is no libjpeg-turbo here.');
for (;;) {
  const [image] = await Promise.all([1, 2, 3].map(() => decode(bytes, plainJpegSize(bytes))));
  parentPort.postMessage(image.data.reduce((sum, value) => sum + value, 0));
}

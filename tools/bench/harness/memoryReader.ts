import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { numberIn, type Side } from './side.js';

/** Tells how many bytes a side took so far, at most. */
export type MemoryReader = (side: Side) => Promise<number>;

/** Makes the reader for a side that is about to start. */
export type MemoryReaderFor = () => Promise<MemoryReader>;

const execute = promisify(execFile);

/** The most memory that was resident in the process, as the process itself tells. */
export const residentReader: MemoryReaderFor = () =>
  Promise.resolve(async (side) => numberIn(await side.request({ cmd: 'memory' }), 'peakBytes'));

/**
 * The memory of a CUDA device that a process holds, the driver's part included. Both sides keep what
 * they have once allocated, so this is their peak; nothing else may use the device meanwhile.
 */
export function deviceReader(device: string): MemoryReaderFor {
  return async () => {
    const before = await usedBytes(device);
    return async () => (await usedBytes(device)) - before;
  };
}

async function usedBytes(device: string): Promise<number> {
  const index = device.split(':')[1] ?? '0';
  const { stdout } = await execute('nvidia-smi', [
    `--id=${index}`,
    '--query-gpu=memory.used',
    '--format=csv,noheader,nounits',
  ]);
  return Number(stdout.trim()) * 2 ** 20;
}

import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';

/** Where Linux tells what memory a container may use: control groups version 2, then version 1. */
const limitFiles = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];

/** Bytes that this process can use at most: the container's limit where there is one, else the machine's memory. */
export function memoryLimit(files: readonly string[] = limitFiles): number {
  const limits = files.map(readLimit).filter((limit) => limit > 0);
  return Math.min(totalmem(), ...limits);
}

/** The number in a limit file; 0 where there is no such file, or no limit ("max"). */
function readLimit(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8').trim()) || 0;
  } catch {
    return 0;
  }
}

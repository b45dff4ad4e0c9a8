import { readFile } from 'node:fs/promises';

/** Fields of /proc/PID/stat after the name: the state, and the start in ticks since the system's. */
const STATE = 0;
const START = 19;

/** Whether there is a process of that number on this machine. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It exists, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * What tells a process from an earlier one of the same number: when it started, and when the system did.
 *
 * @returns null where there is none, where it has ended and only waits for that to be noticed, and on systems other
 *   than Linux
 */
export async function startOf(pid: number): Promise<string | null> {
  const [status, boot] = await Promise.all(
    [`/proc/${pid}/stat`, '/proc/sys/kernel/random/boot_id'].map((path) =>
      readFile(path, 'utf8').catch(() => undefined),
    ),
  );
  if (status === undefined) return null;
  // The name stands in brackets and may hold any character.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return fields[STATE] === 'Z' ? null : `${boot?.trim() ?? ''} ${fields[START]}`;
}

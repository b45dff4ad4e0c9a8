import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** How a process ended. */
export interface ChildEnd {
  /** Null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote to its standard output. */
  readonly stdout: string;
}

export interface ChildOptions {
  /** A file that its standard error is appended to. */
  readonly log: string;
  /** Asks it to come to an orderly end. */
  readonly signal?: AbortSignal;
}

/** The command line of this package as a program with its first arguments, to be started as this process was. */
export function commandLineProgram(): readonly string[] {
  // Beside the sources there is its source.
  const main = new URL(`../cli/protocl${extname(import.meta.url)}`, import.meta.url);
  return [process.execPath, ...process.execArgv, fileURLToPath(main)];
}

/**
 * Runs a program to its end. It has a channel to this process, so that it can notice the end of it; a
 * Ctrl-C reaches it by the signal of the options alone, once.
 */
export async function runChild(
  [program, ...first]: readonly string[],
  args: readonly string[],
  { log, signal }: ChildOptions,
): Promise<ChildEnd> {
  await mkdir(dirname(log), { recursive: true });
  const file = await open(log, 'a');
  try {
    const child = spawn(program!, [...first, ...args], {
      // A group of its own: the terminal would interrupt it, and this process once more, which ends it at once.
      detached: true,
      stdio: ['ignore', 'pipe', file.fd, 'ipc'],
    });
    const chunks: Buffer[] = [];
    child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
    const interrupt = () => child.kill('SIGINT');
    if (signal?.aborted === true) interrupt();
    signal?.addEventListener('abort', interrupt);
    try {
      return await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code, by) => {
          resolve({ code, signal: by, stdout: Buffer.concat(chunks).toString() });
        });
      });
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
  } finally {
    await file.close();
  }
}

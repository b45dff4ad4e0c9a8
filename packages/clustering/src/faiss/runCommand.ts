import { spawn } from 'node:child_process';

/** What became of a command. */
export interface CommandResult {
  /** Null where it could not be started, was killed or took too long. */
  readonly code: number | null;
  /** Standard output and standard error in the order in which they came. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which the command is killed. */
  readonly timeout: number;
}

/**
 * Runs a command to its end without a shell and without input, so that nothing can wait for a password. It never
 * rejects: a command that does not exist is a result like any other.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, timeout }: CommandOptions,
): Promise<CommandResult> {
  return new Promise((settle) => {
    let output = '';
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout,
      killSignal: 'SIGKILL',
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    child.once('error', (error) => settle({ code: null, output: `${output}${error.message}` }));
    child.once('close', (code) => settle({ code, output }));
  });
}

/** The last line that a failed command printed, which mostly says why. */
export function lastLine({ code, output }: CommandResult): string {
  const last = output
    .trim()
    .split('\n')
    .findLast((line) => line.trim() !== '' && !line.startsWith('npm notice'));
  return last?.trim() ?? (code === null ? 'it took too long' : `exit code ${code}`);
}

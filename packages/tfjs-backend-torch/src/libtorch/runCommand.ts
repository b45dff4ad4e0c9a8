import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What became of a command; `code` is null where it could not be started, was killed or took too long. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  /** Standard output and standard error in the order in which they came. */
  readonly output: string;
  /** Why there is no exit code. */
  readonly failure?: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Milliseconds after which the command is killed; default 30 s. */
  readonly timeout?: number;
  /** Told every line of output as it comes. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a command to its end without a shell and without input, so that nothing can wait for a password.
 * It never rejects: a command that does not exist is a result like any other.
 */
export function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env = process.env, timeout = 30_000, onLine }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((settle) => {
    let stdout = '';
    let output = '';
    let failure: string | undefined;
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => {
      failure = `it took longer than ${Math.round(timeout / 1000)} s`;
      child.kill('SIGKILL');
      // What the command has started may live on with its output open; nobody waits for that.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeout);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    if (onLine !== undefined) {
      for (const input of [child.stdout, child.stderr]) createInterface({ input }).on('line', onLine);
    }
    const finish = (code: number | null): void => {
      clearTimeout(timer);
      settle({
        code: failure === undefined ? code : null,
        stdout,
        output,
        ...(failure !== undefined && { failure }),
      });
    };
    child.once('error', (error: NodeJS.ErrnoException) => {
      failure ??= error.code === 'ENOENT' ? `there is no ${command} on the PATH` : error.message;
      finish(null);
    });
    child.once('close', (code, signal) => {
      if (signal !== null) failure ??= `it was ended by ${signal}`;
      finish(code);
    });
  });
}

import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';

import { benchError } from './benchError.js';
import { endWithParent } from './children.js';

/** How to start one side of a comparison. */
export interface SideCommand {
  /** What messages call it, such as `ours` or `PyTorch, channels_last`. */
  readonly label: string;
  readonly command: string;
  readonly arguments: readonly string[];
  /** Added to this process's own environment; what is undefined is taken out of it. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A request to a side: one JSON object on one line. */
export interface SideRequest {
  readonly cmd: 'prepare' | 'run' | 'memory' | 'reset-memory' | 'libraries' | 'release';
  readonly [parameter: string]: unknown;
}

/** A side's answer: the fields depend on the request. */
export type SideReply = Readonly<Record<string, unknown>>;

/** How long a reply is waited for. */
export interface RequestOptions {
  readonly timeoutSeconds?: number | undefined;
  /** Ends the side while it is asked, or as it is asked. */
  readonly signal?: AbortSignal | undefined;
}

const TAIL_LINES = 25;
const DEFAULT_TIMEOUT_SECONDS = 900;
const STOP_GRACE_SECONDS = 5;

interface Pending {
  readonly cmd: string;
  readonly resolve: (reply: SideReply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A child process that answers JSON lines: one request at a time on its stdin, one reply each on its
 * stdout. What else it prints is kept for the message of the error that its crash becomes.
 */
export class Side {
  readonly label: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #tail: string[] = [];
  readonly #exited: Promise<void>;
  #pending: Pending | undefined;
  #ended: string | undefined;

  constructor({ label, command, arguments: args, environment }: SideCommand) {
    this.label = label;
    this.#child = spawn(command, args, {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    endWithParent(this.#child);
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => {
        this.#end(`could not be started: ${error.message}`);
        resolve();
      });
      // `close` comes after the last of the output, which `exit` does not wait for.
      this.#child.once('close', (code, signal) => {
        this.#end(signal === null ? `exited with code ${code}` : `was killed by ${signal}`);
        resolve();
      });
    });
    // A side that dies between two requests breaks the pipe; its end is reported by `close`.
    this.#child.stdin.on('error', () => undefined);
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#receive(line));
    createInterface({ input: this.#child.stderr }).on('line', (line) => this.#remember(line));
  }

  /**
   * Sends a request and waits for the reply.
   *
   * @throws {ProtoclError} `BENCH_SIDE_CRASHED` if the process ends first, `BENCH_SIDE_FAILED` if the
   * side reports an error, `BENCH_SIDE_SILENT` if it takes longer than `timeoutSeconds`, `BENCH_TIME_UP`
   * if the signal comes first
   */
  async request(
    request: SideRequest,
    { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, signal }: RequestOptions = {},
  ): Promise<SideReply> {
    if (this.#ended !== undefined) throw this.#crash(request.cmd);
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => this.#pending?.reject(this.#interruption(request.cmd));
    try {
      return await new Promise<SideReply>((resolve, reject) => {
        this.#pending = { cmd: request.cmd, resolve, reject };
        timer = setTimeout(() => reject(this.#silence(request.cmd, timeoutSeconds)), timeoutSeconds * 1e3);
        signal?.addEventListener('abort', stop, { once: true });
        if (signal?.aborted) stop();
        else this.#child.stdin.write(`${JSON.stringify(request)}\n`);
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      this.#pending = undefined;
    }
  }

  /** Ends the process: by closing its stdin, and by force where that takes too long. */
  async stop(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE_SECONDS * 1e3);
    await this.#exited;
    clearTimeout(timer);
  }

  #receive(line: string): void {
    const reply = parseReply(line);
    if (reply === undefined || this.#pending === undefined) this.#remember(line);
    else if (typeof reply['error'] === 'string') this.#pending.reject(this.#failure(reply['error']));
    else this.#pending.resolve(reply);
  }

  #remember(line: string): void {
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
  }

  #end(how: string): void {
    this.#ended ??= how;
    this.#pending?.reject(this.#crash(this.#pending.cmd));
  }

  #crash(cmd: string): Error {
    const output =
      this.#tail.length === 0 ? 'It printed nothing' : `Its last output:\n${this.#tail.join('\n')}`;
    return benchError('BENCH_SIDE_CRASHED', {
      message: `${this.label} ${this.#ended} during "${cmd}"`,
      remedy: output,
    });
  }

  #failure(error: string): Error {
    return benchError('BENCH_SIDE_FAILED', { message: `${this.label} failed: ${error}` });
  }

  #silence(cmd: string, seconds: number): Error {
    this.#child.kill('SIGKILL');
    return benchError('BENCH_SIDE_SILENT', {
      message: `${this.label} did not answer "${cmd}" within ${seconds} s and was ended`,
    });
  }

  #interruption(cmd: string): Error {
    this.#child.kill('SIGKILL');
    return benchError('BENCH_TIME_UP', { message: `${this.label} was ended during "${cmd}": time is up` });
  }
}

function parseReply(line: string): SideReply | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as SideReply) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads a number out of a reply.
 *
 * @throws {ProtoclError} `BENCH_MEASUREMENT_MISSING` if the field is not a finite number
 */
export function numberIn(reply: SideReply, field: string): number {
  const value = reply[field];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw benchError('BENCH_MEASUREMENT_MISSING', {
    message: `the reply of a side lacks ${field}`,
    given: reply,
    expected: `a finite number in ${field}`,
  });
}

import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { clusteringError } from '../errors.js';
import { locateFaissNode } from './faissFolder.js';

/** Asks for an index of vectors, or for the nearest of them. */
export type FaissRequest =
  | { readonly dimension: number; readonly index: 'exact' | 'hnsw'; readonly vectors: Float32Array }
  | { readonly queries: Float32Array };

/** The rows found, for a search; an error that faiss-node has reported and survived. */
interface FaissReply {
  readonly labels?: Int32Array;
  readonly error?: string;
}

const PROGRAM = fileURLToPath(new URL('../../processes/searchFaiss.mjs', import.meta.url));
/** The end of what the process has printed, for the message of an error. */
const KEPT_OUTPUT = 500;
const STOP_GRACE_MILLISECONDS = 2000;

interface Pending {
  readonly resolve: (labels: Int32Array) => void;
  readonly reject: (error: Error) => void;
}

/** A child process with faiss-node in it, which answers one request at a time. It does not keep this process alive. */
export class FaissProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #output = '';
  #pending: Pending | undefined;
  #end: string | undefined;

  /** @throws {ClusteringError} `FAISS_NODE_UNAVAILABLE` where there is no faiss-node */
  constructor() {
    this.#child = fork(PROGRAM, [locateFaissNode()], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#output = `${this.#output}${text}`.slice(-KEPT_OUTPUT);
    });
    this.#child.on('message', (reply) => this.#receive(reply as FaissReply));
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', (error) => this.#finish(error.message, resolve));
      // `close` would wait for this too, but does not come where this side has closed the channel.
      const printed = new Promise((ended) => this.#child.stderr?.once('end', ended));
      this.#child.once('exit', (code, signal) => {
        const how = signal === null ? `it ended with code ${code}` : `it was killed by ${signal}`;
        void printed.then(() => this.#finish(how, resolve));
      });
    });
    this.#keepAlive(false);
  }

  /** Whether it can still be asked. */
  get isRunning(): boolean {
    return this.#end === undefined;
  }

  /** The id of the process. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * @returns the rows found for a search, nothing for an index
   * @throws {ClusteringError} `FAISS_NODE_FAILED` if the process ends first or reports an error
   */
  async request(request: FaissRequest): Promise<Int32Array> {
    if (this.#end !== undefined) throw this.#failure(this.#end);
    this.#keepAlive(true);
    try {
      return await new Promise<Int32Array>((resolve, reject) => {
        this.#pending = { resolve, reject };
        // A process that has just died breaks the channel; its end is told by `exit`.
        this.#child.send(request, () => undefined);
      });
    } finally {
      this.#pending = undefined;
      this.#keepAlive(false);
    }
  }

  /** Ends it: by closing its channel, and by force where that takes too long. */
  async stop(): Promise<void> {
    if (this.#end === undefined) {
      this.#keepAlive(true);
      if (this.#child.connected) this.#child.disconnect();
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_GRACE_MILLISECONDS);
      await this.#exited;
      clearTimeout(timer);
    }
  }

  #receive({ error, labels }: FaissReply): void {
    if (error === undefined) this.#pending?.resolve(labels ?? new Int32Array());
    else this.#pending?.reject(this.#failure(`it reported: ${error}`));
  }

  #finish(how: string, resolve: () => void): void {
    this.#end ??= how;
    this.#pending?.reject(this.#failure(this.#end));
    resolve();
  }

  #failure(how: string): Error {
    const output = this.#output.trim();
    return clusteringError('FAISS_NODE_FAILED', {
      message: `the process that runs faiss-node did not answer: ${how}`,
      ...(output !== '' && { given: output }),
      remedy: 'Use the assigner "tensor" if this happens again',
    });
  }

  /** An idle process must not keep a program running whose author forgot to close the assigner. */
  #keepAlive(isBusy: boolean): void {
    const handles = [
      this.#child,
      this.#child.channel,
      this.#child.stderr as { ref?(): void; unref?(): void } | null,
    ];
    for (const handle of handles) {
      if (isBusy) handle?.ref?.();
      else handle?.unref?.();
    }
  }
}

import { isProtoclError, writeStreamAtomic } from '@protocl/core';

import { datasetError } from './errors.js';
import type { ProgressOptions } from './imageDataset.js';

export interface DownloadOptions extends ProgressOptions {
  /** How long the server may take to answer. */
  readonly connectTimeoutMs: number;
  /** How long no byte may arrive before the download counts as failed. */
  readonly stallTimeoutMs: number;
}

/** The unit in which sizes are told. */
const MEGABYTE = 1e6;
/** A line is logged whenever this share of the file has arrived. */
const PROGRESS_SHARE = 0.1;

/**
 * Downloads a file over HTTP.
 *
 * @throws {ProtoclError} `NO_NETWORK` if the server is not reached or falls silent,
 *   `DOWNLOAD_FAILED` if it answers with an error, `DISK_FULL` or `FILE_NOT_WRITABLE`
 */
export async function downloadFile(url: string, path: string, options: DownloadOptions): Promise<void> {
  const { connectTimeoutMs, stallTimeoutMs, log = () => undefined, signal } = options;
  const { host } = new URL(url);
  const watchdog = new Watchdog();
  const stop = signal ? AbortSignal.any([signal, watchdog.signal]) : watchdog.signal;
  try {
    watchdog.restart(connectTimeoutMs);
    const response = await fetch(url, { signal: stop });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw datasetError('DOWNLOAD_FAILED', {
        message: `${host} answered with status ${response.status}`,
        given: url,
        expected: 'the file (status 200)',
        remedy: 'Try again later',
      });
    }
    const announced = Number(response.headers.get('content-length')) || undefined;
    log(`downloading ${megabytes(announced)} from ${host}`);
    const chunks = watched(response.body, announced, () => watchdog.restart(stallTimeoutMs), log);
    await writeStreamAtomic(path, chunks, { signal: stop });
  } catch (cause) {
    signal?.throwIfAborted();
    if (isProtoclError(cause)) throw cause;
    throw datasetError('NO_NETWORK', {
      message: watchdog.signal.aborted
        ? `${host} fell silent for ${watchdog.lastTimeoutMs / 1000} s`
        : `${host} could not be reached (${reasonOf(cause)})`,
      given: url,
      remedy: 'Check the network connection',
      cause,
    });
  } finally {
    watchdog.stop();
  }
}

async function* watched(
  body: AsyncIterable<Uint8Array>,
  announced: number | undefined,
  onProgress: () => void,
  log: (line: string) => void,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  let told = 0;
  for await (const chunk of body) {
    onProgress();
    received += chunk.byteLength;
    if (announced !== undefined && received < announced && received - told >= PROGRESS_SHARE * announced) {
      told = received;
      log(`downloaded ${megabytes(received)} of ${megabytes(announced)}`);
    }
    yield chunk;
  }
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? 'a file of unknown size' : `${(bytes / MEGABYTE).toFixed(0)} MB`;
}

/** fetch says only "fetch failed"; what happened is in the error's cause. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const { code } = inner as NodeJS.ErrnoException;
  return code ?? (inner instanceof Error ? inner.message : String(inner));
}

/** Aborts its signal when it is not restarted in time. */
class Watchdog {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  lastTimeoutMs = 0;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(timeoutMs: number): void {
    this.stop();
    this.lastTimeoutMs = timeoutMs;
    this.#timer = setTimeout(() => this.#controller.abort(), timeoutMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

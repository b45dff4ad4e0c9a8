import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';

import { ProtoclError } from '@protocl/core';

/**
 * A log of one JSON object a line. Each is in the file when `write` returns, so that nothing is lost
 * when the process dies.
 */
export class JsonLines {
  readonly #path: string;
  #file: number | undefined;

  /** Opens the file to append to it; it is made if it is not there. */
  constructor(path: string) {
    this.#path = path;
    this.#file = this.#onDisk(() => openSync(path, 'a+'));
    // A process that was killed within a write left a line without an end.
    if (!this.#endsInNewline()) this.#append('\n');
  }

  /**
   * Appends an object, with the time as its first key.
   *
   * @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE`
   */
  write(entry: object): void {
    this.#append(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #append(text: string): void {
    const bytes = Buffer.from(text);
    this.#onDisk(() => {
      let written = 0;
      while (written < bytes.length) written += writeSync(this.#file!, bytes, written);
    });
  }

  #endsInNewline(): boolean {
    const { size } = fstatSync(this.#file!);
    const last = Buffer.alloc(1);
    return size === 0 || (readSync(this.#file!, last, 0, 1, size - 1) === 1 && last[0] === 10);
  }

  #onDisk<T>(operation: () => T): T {
    try {
      return operation();
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code;
      const isFull = reason === 'ENOSPC' || reason === 'EDQUOT';
      throw new ProtoclError(isFull ? 'DISK_FULL' : 'FILE_NOT_WRITABLE', {
        message: isFull
          ? 'there is no space left for the log of the run'
          : `the log of the run could not be written (${reason ?? String(cause)})`,
        given: this.#path,
        remedy: isFull
          ? 'Free some space on that disk and resume; the last checkpoint is whole'
          : 'Check the permissions of the folder',
        cause,
      });
    }
  }
}

/** The objects of such a log, one after the other; lines that are cut off are left out. */
export async function* readJsonLines(path: string): AsyncGenerator<Record<string, unknown>> {
  const file = await open(path);
  try {
    for await (const line of file.readLines()) {
      let entry: unknown;
      try {
        entry = JSON.parse(line);
      } catch {
        continue;
      }
      if (typeof entry === 'object' && entry !== null) yield entry as Record<string, unknown>;
    }
  } finally {
    await file.close();
  }
}

import { open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

import { LogParser } from '../jsonLog.js';
import type { JsonObject } from '../reportInput.js';

/** A log that may be growing: each reading takes what has been added since the last. */
export class LogTail {
  readonly #path: string;
  #parser = new LogParser();
  #decoder = new StringDecoder('utf8');
  #offset = 0;
  #entries: JsonObject[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  /** Everything read so far; a line that is still being written comes once it is whole. */
  get entries(): readonly JsonObject[] {
    return this.#entries;
  }

  /** @returns whether there is something new; false also where there is no file yet */
  async read(): Promise<boolean> {
    let file;
    try {
      file = await open(this.#path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    try {
      const { size } = await file.stat();
      // A shorter file is another one, which is read from its beginning.
      const isOther = size < this.#offset;
      if (isOther) this.#restart();
      const added: JsonObject[] = [];
      const buffer = Buffer.alloc(65_536);
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        added.push(...this.#parser.push(this.#decoder.write(buffer.subarray(0, bytesRead))));
      }
      this.#entries = [...this.#entries, ...added];
      return isOther || added.length > 0;
    } finally {
      await file.close();
    }
  }

  #restart(): void {
    this.#parser = new LogParser();
    this.#decoder = new StringDecoder('utf8');
    this.#offset = 0;
    this.#entries = [];
  }
}

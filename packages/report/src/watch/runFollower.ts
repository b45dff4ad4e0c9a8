import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { pageDataOf, type PageData } from '../pageData.js';
import { EXTRAS_FILE, readRunFiles, type RunFiles } from '../readRun.js';
import { LogTail } from './logTail.js';

/** What of a page's data changes while a run goes on. */
const PARTS = ['curves', 'runs', 'extras'] as const;
type Part = (typeof PARTS)[number];

/** The page's data of a run that goes on. */
export class RunFollower {
  readonly #folder: string;
  readonly #tail: LogTail;
  #files: RunFiles;
  #stamp: string;
  #data: PageData;
  readonly #sent = new Map<Part, string>();

  private constructor(folder: string, files: RunFiles, stamp: string) {
    this.#folder = folder;
    this.#tail = new LogTail(join(folder, 'log.jsonl'));
    this.#files = files;
    this.#stamp = stamp;
    this.#data = this.#current();
  }

  /** @throws {ProtoclError} `RUN_UNREADABLE` if the folder is not that of a run */
  static async open(folder: string): Promise<RunFollower> {
    const stamp = await stampOf(folder);
    const follower = new RunFollower(folder, await readRunFiles(folder), stamp);
    await follower.update();
    return follower;
  }

  get data(): PageData {
    return this.#data;
  }

  /** Reads what has changed. @returns the parts that are others than before, as JSON objects of one key */
  async update(): Promise<string[]> {
    const hasGrown = await this.#tail.read();
    const stamp = await stampOf(this.#folder);
    if (!hasGrown && stamp === this.#stamp && this.#sent.size > 0) return [];
    if (stamp !== this.#stamp) {
      this.#files = await readRunFiles(this.#folder);
      this.#stamp = stamp;
    }
    this.#data = this.#current();
    const changed: string[] = [];
    for (const part of PARTS) {
      const json = JSON.stringify({ [part]: this.#data[part] });
      if (this.#sent.get(part) !== json) changed.push(json);
      this.#sent.set(part, json);
    }
    return changed;
  }

  /** All parts, for who has just come. */
  parts(): string[] {
    return [...this.#sent.values()];
  }

  #current(): PageData {
    return pageDataOf([{ ...this.#files, log: this.#tail.entries }], { live: true });
  }
}

/** Changes whenever one of the small files does. */
async function stampOf(folder: string): Promise<string> {
  const names = ['config.json', 'summary.json', EXTRAS_FILE];
  const stamps = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
        () => '-',
      ),
    ),
  );
  return stamps.join(' ');
}

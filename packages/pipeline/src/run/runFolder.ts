import { mkdir, readFile, readdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { isProtoclError, serializeError, writeFileAtomic } from '@protocl/core';
import { loadCheckpoint } from '@protocl/trainer';

import { isAutomatic } from '../config/automatic.js';
import { isPlainObject } from '../config/layers.js';
import { resolveConfig, type ResolvedConfig } from '../config/resolveConfig.js';
import { pipelineError } from '../errors.js';
import { shellWord } from './calledAs.js';
import { exists } from './exists.js';

/** Where runs are written by default, in the working directory. */
const RUNS = 'runs';

/** What the names of checkpoints are like. */
export const CHECKPOINT = /^epoch-.*\.safetensors$/;

/** Where everything about one run is. */
export class RunFolder {
  /** Absolute. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  get log(): string {
    return join(this.path, 'log.jsonl');
  }

  /** The trained encoder alone, with torchvision's names. */
  get encoder(): string {
    return join(this.path, 'encoder.safetensors');
  }

  get checkpoints(): string {
    return join(this.path, 'checkpoints');
  }

  /** A new folder of its own for a run: `runs/NAME-TIME`. */
  static async place({ config }: ResolvedConfig): Promise<string> {
    return resolve(await freeName(config.name));
  }

  /**
   * Whether there is a run in a folder: one that has a checkpoint, or results. What failed before that, or
   * was killed, may simply be started again.
   */
  static async isBegun(path: string): Promise<boolean> {
    const folder = new RunFolder(resolve(path));
    return (await folder.hasCheckpoint()) || (await folder.hasResults());
  }

  /**
   * Makes a folder ready for a new run, which is one once its configuration is written and it has a checkpoint.
   *
   * @throws {ProtoclError} `RUN_FOLDER` if there is a run already
   */
  static async prepare(path: string): Promise<RunFolder> {
    const folder = new RunFolder(resolve(path));
    const isBegun = await RunFolder.isBegun(path);
    if (isBegun || (await folder.#hasForeignConfig())) {
      throw pipelineError('RUN_FOLDER', {
        message: isBegun
          ? 'there is a run in this folder already'
          : 'there is a config.json of something else in this folder',
        given: folder.path,
        expected: 'a new or empty folder',
        remedy: isBegun
          ? `Go on with it by \`protocl train --resume ${shellWord(folder.path)}\`, or choose another folder`
          : 'Choose another folder',
      });
    }
    // Of a start that failed.
    await rm(folder.#config, { force: true });
    return folder;
  }

  /**
   * Makes the folder of a new run and writes its configuration there.
   *
   * @throws {ProtoclError} as {@link prepare}; `DISK_FULL`, `FILE_NOT_WRITABLE`
   */
  static async create(resolved: ResolvedConfig, path: string): Promise<RunFolder> {
    const folder = await RunFolder.prepare(path);
    await folder.writeConfig(resolved);
    return folder;
  }

  /**
   * Opens the folder of a run that was started earlier.
   *
   * @throws {ProtoclError} `RUN_FOLDER` if it is none
   */
  static async open(path: string): Promise<RunFolder> {
    const folder = new RunFolder(resolve(path));
    if (await exists(folder.#config)) return folder;
    throw pipelineError('RUN_FOLDER', {
      message: 'this is not the folder of a run',
      given: folder.path,
      expected: 'a folder with the config.json that `protocl train` wrote',
      remedy: 'Name the folder of a run, or start one by `protocl train`',
    });
  }

  /**
   * The folder of the run that wrote a checkpoint last, of those that can be resumed.
   *
   * @param parent the folder of all runs
   * @param onPassedOver is told of each later one that cannot, and why
   * @throws {ProtoclError} `RUN_FOLDER` if there is none
   */
  static async newest(
    parent: string = RUNS,
    onPassedOver: (line: string) => void = () => undefined,
  ): Promise<RunFolder> {
    const names = await readdir(parent).catch(() => []);
    const runs: { readonly folder: RunFolder; readonly time: number }[] = [];
    for (const name of names) {
      const folder = new RunFolder(resolve(parent, name));
      const time = await folder.#lastCheckpointTime();
      if (time !== undefined) runs.push({ folder, time });
    }
    for (const { folder } of runs.sort((a, b) => b.time - a.time)) {
      const problem = await folder.#whyNotResumable();
      if (problem === undefined) return folder;
      onPassedOver(`${folder.path} cannot be resumed: ${serializeError(problem).message}`);
    }
    throw pipelineError('RUN_FOLDER', {
      message: 'there is no run to resume',
      given: resolve(parent),
      expected: 'at least one folder that `protocl train` wrote, with a checkpoint that is whole',
      remedy: 'Pass the folder of the run: --resume RUN',
    });
  }

  /** @throws {ProtoclError} `DISK_FULL`, `FILE_NOT_WRITABLE` */
  async writeConfig({ config, origins }: ResolvedConfig): Promise<void> {
    await writeJson(this.#config, { config, origins });
  }

  /**
   * The configuration that the run was started with.
   *
   * @throws {ConfigError} `INVALID_CONFIG` if this version does not understand it
   * @throws {ProtoclError} `RUN_FOLDER` if it cannot be read
   */
  async readConfig(): Promise<ResolvedConfig> {
    let stored: unknown;
    let cause: unknown;
    try {
      stored = JSON.parse(await readFile(this.#config, 'utf8'));
    } catch (error) {
      cause = error;
    }
    if (!isPlainObject(stored) || !isPlainObject(stored['config'])) {
      throw pipelineError('RUN_FOLDER', {
        message: 'the configuration of a run cannot be read',
        given: this.#config,
        expected: 'what `protocl train` wrote',
        ...(cause !== undefined && { cause }),
      });
    }
    const { config, origins: own } = resolveConfig([{ origin: this.#config, values: stored['config'] }]);
    const origins = isPlainObject(stored['origins']) ? stored['origins'] : {};
    const named = Object.entries(origins).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    // What is `auto` in the file itself is still to be chosen, whatever it says of it.
    const open = Object.entries(own).filter(([, origin]) => isAutomatic(origin));
    return { config, origins: Object.fromEntries([...named, ...open]) };
  }

  /** Whether there is a checkpoint to go on from. */
  async hasCheckpoint(): Promise<boolean> {
    return (await this.#checkpointFiles()).length > 0;
  }

  /** Whether there is what a run comes to, which outlives checkpoints that were removed. */
  async hasResults(): Promise<boolean> {
    return (await exists(this.encoder)) || (await exists(this.#summary));
  }

  async writeMetrics(metrics: object): Promise<void> {
    await writeJson(join(this.path, 'metrics.json'), metrics);
  }

  async writeSummary(summary: object): Promise<void> {
    await writeJson(this.#summary, summary);
  }

  async #checkpointFiles(): Promise<string[]> {
    const names = await readdir(this.checkpoints).catch(() => []);
    return names.filter((name) => CHECKPOINT.test(name)).map((name) => join(this.checkpoints, name));
  }

  async #lastCheckpointTime(): Promise<number | undefined> {
    const files = await this.#checkpointFiles();
    if (files.length === 0) return undefined;
    const times = files.map(async (path) => (await stat(path).catch(() => undefined))?.mtimeMs ?? -Infinity);
    return Math.max(...(await Promise.all(times)));
  }

  /** The reason why the run cannot go on; undefined where it can. */
  async #whyNotResumable(): Promise<unknown> {
    let problem: unknown;
    try {
      await this.readConfig();
    } catch (error) {
      return error;
    }
    for (const path of (await this.#checkpointFiles()).sort().reverse()) {
      try {
        await loadCheckpoint(path);
        return undefined;
      } catch (error) {
        if (!isProtoclError(error)) throw error;
        problem = error;
      }
    }
    return problem;
  }

  /** Whether there is a `config.json` that no run has written: it is not to be replaced. */
  async #hasForeignConfig(): Promise<boolean> {
    const text = await readFile(this.#config, 'utf8').catch(() => undefined);
    if (text === undefined) return exists(this.#config);
    try {
      const stored: unknown = JSON.parse(text);
      return !isPlainObject(stored) || !isPlainObject(stored['config']) || !isPlainObject(stored['origins']);
    } catch {
      return true;
    }
  }

  get #summary(): string {
    return join(this.path, 'summary.json');
  }

  get #config(): string {
    return join(this.path, 'config.json');
  }
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Makes a folder that no other process has, `runs/NAME-20250131-235959`, and returns its path. */
async function freeName(name: string): Promise<string> {
  const time = new Date().toISOString().replace(/\..*$/, '').replaceAll(/[-:]/g, '').replace('T', '-');
  await mkdir(RUNS, { recursive: true });
  for (let attempt = 1; ; attempt++) {
    const path = join(RUNS, basename(`${name}-${time}${attempt === 1 ? '' : `-${attempt}`}`));
    try {
      await mkdir(path);
      return path;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

import { mkdir, readFile, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { writeFileAtomic } from '@protocl/core';

import type { ConfigLayer } from '../config/layers.js';
import { resolveConfig, type ResolvedConfig } from '../config/resolveConfig.js';
import { pipelineError } from '../errors.js';
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
   * Makes the folder of a new run and writes its configuration there.
   *
   * @throws {ProtoclError} `RUN_FOLDER` if there is a run already; `DISK_FULL`, `FILE_NOT_WRITABLE`
   */
  static async create({ config, origins }: ResolvedConfig, path: string): Promise<RunFolder> {
    const folder = new RunFolder(resolve(path));
    if (await exists(folder.#config)) {
      throw pipelineError('RUN_FOLDER', {
        message: 'there is a run in this folder already',
        given: folder.path,
        expected: 'a new or empty folder',
        remedy: `Go on with it by --resume ${folder.path}, or choose another folder`,
      });
    }
    await writeJson(folder.#config, { config, origins });
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
    });
  }

  /**
   * The folder of the run that was written to last.
   *
   * @param parent the folder of all runs
   * @throws {ProtoclError} `RUN_FOLDER` if there is none
   */
  static async newest(parent: string = RUNS): Promise<RunFolder> {
    const names = await readdir(parent).catch(() => []);
    let newest: { readonly path: string; readonly time: number } | undefined;
    for (const name of names) {
      const path = join(parent, name);
      if (!(await exists(join(path, 'config.json')))) continue;
      const status = await stat(join(path, 'log.jsonl')).catch(() => stat(join(path, 'config.json')));
      if (newest === undefined || status.mtimeMs > newest.time) newest = { path, time: status.mtimeMs };
    }
    if (newest) return RunFolder.open(newest.path);
    throw pipelineError('RUN_FOLDER', {
      message: 'there is no run to resume',
      given: resolve(parent),
      expected: 'at least one folder that `protocl train` wrote',
      remedy: 'Pass the folder of the run: --resume RUN',
    });
  }

  /**
   * The configuration that the run was started with.
   *
   * @throws {ConfigError} `INVALID_CONFIG` if this version does not understand it
   * @throws {ProtoclError} `RUN_FOLDER` if it cannot be read
   */
  async readConfig(): Promise<ResolvedConfig> {
    let stored: { config: ConfigLayer['values']; origins: Record<string, string> };
    try {
      stored = JSON.parse(await readFile(this.#config, 'utf8')) as typeof stored;
    } catch (cause) {
      throw pipelineError('RUN_FOLDER', {
        message: 'the configuration of a run cannot be read',
        given: this.#config,
        expected: 'what `protocl train` wrote',
        cause,
      });
    }
    const { config } = resolveConfig([{ origin: this.#config, values: stored.config }]);
    return { config, origins: stored.origins };
  }

  /** Whether there is a checkpoint to go on from. */
  async hasCheckpoint(): Promise<boolean> {
    const names = await readdir(this.checkpoints).catch(() => []);
    return names.some((name) => CHECKPOINT.test(name));
  }

  async writeMetrics(metrics: object): Promise<void> {
    await writeJson(join(this.path, 'metrics.json'), metrics);
  }

  async writeSummary(summary: object): Promise<void> {
    await writeJson(join(this.path, 'summary.json'), summary);
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

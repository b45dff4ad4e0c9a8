import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { isShallow } from '@protocl/core';

import { reportError } from './errors.js';
import { parseLog } from './jsonLog.js';
import type { JsonObject, ReportInput } from './reportInput.js';
import { requireExtras } from './requireExtras.js';

/** The file of a run's folder in which extras are kept. */
export const EXTRAS_FILE = 'report-data.json';

/** What a run's folder holds, without the log. */
export type RunFiles = Omit<ReportInput, 'log'>;

/**
 * Reads the folder of a run: `config.json`, `log.jsonl`, and `summary.json` and `report-data.json`
 * where they are there. A run that goes on may be read; the line that it is writing is left out.
 *
 * @throws {ProtoclError} `RUN_UNREADABLE` without a readable `config.json`, or for a file of another
 *   form
 */
export async function readRun(folder: string): Promise<ReportInput> {
  const files = await readRunFiles(folder);
  return { ...files, log: parseLog((await readIfThere(join(folder, 'log.jsonl'))) ?? '') };
}

export async function readRunFiles(folder: string): Promise<RunFiles> {
  const stored = await readJson(join(folder, 'config.json'));
  if (stored === undefined) {
    throw reportError('RUN_UNREADABLE', {
      message: 'this is not the folder of a run',
      given: resolve(folder),
      expected: 'a folder with the config.json that `protocl train` wrote',
    });
  }
  const { config, origins } = stored;
  if (!isObject(config)) {
    throw reportError('RUN_UNREADABLE', {
      message: 'this is not the configuration of a run',
      given: join(resolve(folder), 'config.json'),
      expected: 'what `protocl train` wrote',
    });
  }
  const summary = await readJson(join(folder, 'summary.json'));
  const extras = await readJson(join(folder, EXTRAS_FILE));
  return {
    name: basename(resolve(folder)),
    folder: resolve(folder),
    config,
    ...(isObject(origins) && { origins: origins as Record<string, string> }),
    ...(summary && { summary }),
    ...(extras && { extras: requireExtras(extras, join(resolve(folder), EXTRAS_FILE)) }),
  };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw reportError('RUN_UNREADABLE', {
      message: 'a file of a run cannot be read',
      given: path,
      remedy: 'Check its permissions',
      cause,
    });
  }
}

async function readJson(path: string): Promise<JsonObject | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value) && isShallow(value)) return value;
  } catch {
    // Told below, as any other content that is no object.
  }
  throw reportError('RUN_UNREADABLE', {
    message: 'a file of a run is damaged',
    given: path,
    expected: 'a JSON object',
  });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

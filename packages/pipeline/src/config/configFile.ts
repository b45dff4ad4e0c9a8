import { readFile } from 'node:fs/promises';
import { extname, resolve } from 'node:path';

import { isShallow } from '@protocl/core';
import { createJiti } from 'jiti';
import { parse as parseYaml, parseDocument } from 'yaml';

import { pipelineError } from '../errors.js';
import { isPlainObject, type ConfigLayer } from './layers.js';

const EXTENSIONS = ['.json', '.yaml', '.yml', '.ts', '.mts', '.js', '.mjs'] as const;

/**
 * Reads a configuration file: JSON, YAML, or a TypeScript or JavaScript module whose default export
 * is the configuration. A module is run, so it is trusted as any program is.
 *
 * @throws {ProtoclError} `CONFIG_FILE` if it cannot be read or parsed, or does not hold an object
 */
export async function readConfigFile(path: string): Promise<ConfigLayer> {
  const file = resolve(path);
  const extension = extname(file).toLowerCase();
  if (!(EXTENSIONS as readonly string[]).includes(extension)) {
    throw pipelineError('CONFIG_FILE', {
      message: 'a configuration file has an unknown extension',
      given: path,
      expected: EXTENSIONS.join(', '),
    });
  }
  let content: unknown;
  try {
    content = await parse(file, extension);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw pipelineError('CONFIG_FILE', {
      message: isMissing
        ? 'there is no such configuration file'
        : `a configuration file cannot be read: ${reason}`,
      given: path,
      remedy: isMissing ? 'Check the path' : 'Correct the file',
      cause,
    });
  }
  if (!isPlainObject(content)) throw notSettings(path, 'holds no object', OBJECT);
  if (!isShallow(content)) throw notSettings(path, 'is nested without end', SHALLOW);
  return { origin: path, values: content };
}

const OBJECT = 'keys and values; of a module, its default export';
const SHALLOW = 'at most 100 objects and lists within each other, and none that contains itself';

function notSettings(path: string, trouble: string, expected: string): Error {
  return pipelineError('CONFIG_FILE', { message: `a configuration file ${trouble}`, given: path, expected });
}

async function parse(file: string, extension: string): Promise<unknown> {
  if (extension === '.json') return parseJson(await readFile(file, 'utf8'));
  if (extension === '.yaml' || extension === '.yml') return parseYaml(await readFile(file, 'utf8'));
  // Without the caches a changed file would be read as it was.
  const jiti = createJiti(import.meta.url, { fsCache: false, moduleCache: false });
  return jiti.import(file, { default: true });
}

/** JSON in which each key is there once: of two values the first would be lost without a word. */
function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  // The caller refuses it; a document would be made of it level by level.
  if (!isShallow(value)) return value;
  // What is JSON is YAML, too.
  const twice = parseDocument(text).errors.find(({ code }) => code === 'DUPLICATE_KEY');
  if (twice) throw twice;
  return value;
}

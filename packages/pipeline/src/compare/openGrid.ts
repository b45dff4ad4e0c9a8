import { basename, extname } from 'node:path';

import { readConfigFile } from '../config/configFile.js';
import { nearestWord } from '@protocl/core/options';
import { ConfigError, type ConfigProblem } from '../config/problems.js';
import type { ConfigLayer } from '../config/layers.js';
import { pipelineError } from '../errors.js';
import { grids, presetLayer, presets } from '../presets/presets.js';
import { parseGrid, type GridInput, type ParsedGrid } from './gridSchema.js';

/** One of the things that are compared, before its configuration is put together. */
export interface Arm {
  readonly name: string;
  /** The lowest first. */
  readonly layers: readonly ConfigLayer[];
}

/** What is to be compared. */
export interface Grid extends Pick<ParsedGrid, 'name' | 'seeds' | 'evaluators' | 'parallel' | 'threads'> {
  readonly arms: readonly Arm[];
}

/**
 * Reads what is to be compared.
 *
 * @param given a grid; or at most one file or name of a grid, and files or presets of runs, each of which
 *   is an arm by its own name
 * @throws {ConfigError} `INVALID_CONFIG`: everything that is wrong with the grid itself; two arms of one name
 * @throws {ProtoclError} `CONFIG_FILE`, `UNKNOWN_NAME`; `USAGE` for nothing, or several grids
 */
export async function openGrid(given: GridInput | readonly string[]): Promise<Grid> {
  if (!isList(given)) return gridOf({ origin: 'the grid', values: given });
  const opened = await Promise.all(given.map(openOne));
  const found = opened.flatMap((one) => ('arms' in one ? [one] : []));
  const arms = opened.flatMap((one) => ('arms' in one ? one.arms : [one]));
  if (arms.length === 0 || found.length > 1) {
    throw pipelineError('USAGE', {
      message: arms.length === 0 ? 'there is nothing to compare' : 'only one grid can be compared at a time',
      ...(found.length > 1 && { given: given.join(' ') }),
      expected: 'a grid, configurations or presets',
      remedy: `Name them, such as: \`protocl compare ${Object.keys(grids)[0]!}\``,
    });
  }
  requireDistinct(arms, given);
  const [grid] = found;
  if (grid) return { ...grid, arms };
  const name = arms.map((arm) => arm.name).join('-vs-');
  // What a grid has by default.
  return { ...parseGrid({ origin: 'the arguments', values: { arms: { any: {} } } }), name, arms };
}

function isList(given: GridInput | readonly string[]): given is readonly string[] {
  return Array.isArray(given);
}

async function openOne(given: string): Promise<Grid | Arm> {
  if (Object.hasOwn(grids, given)) return gridOf({ origin: `grid ${given}`, values: grids[given]! });
  if (Object.hasOwn(presets, given)) return { name: given, layers: [presetLayer(given)] };
  if (extname(given) === '') {
    const names = [...Object.keys(grids), ...Object.keys(presets)];
    const meant = nearestWord(given, names);
    throw pipelineError('UNKNOWN_NAME', {
      message: 'there is no such grid or preset',
      given,
      expected: `a file, or one of ${names.join(', ')}`,
      ...(meant !== undefined && { remedy: `Did you mean ${meant}?` }),
    });
  }
  const file = await readConfigFile(given);
  if ('arms' in file.values) return gridOf(file);
  const { name } = file.values;
  return {
    name: typeof name === 'string' ? name : basename(given, extname(given)),
    layers: layersOf(file),
  };
}

function gridOf(file: ConfigLayer): Grid {
  const { arms, base, ...grid } = parseGrid(file);
  const below = layersOf({ origin: `base of ${file.origin}`, values: base });
  return {
    ...grid,
    arms: Object.entries(arms).map(([name, values]) => ({
      name,
      layers: [...below, ...layersOf({ origin: `arm ${name} of ${file.origin}`, values })],
    })),
  };
}

/** Settings, and the preset that they may name below them. */
function layersOf({ origin, values }: ConfigLayer): ConfigLayer[] {
  const { preset, ...settings } = values;
  if (preset === undefined) return [{ origin, values: settings }];
  if (typeof preset === 'string') return [presetLayer(preset), { origin, values: settings }];
  throw pipelineError('CONFIG_FILE', {
    message: `${origin} names a preset that is not text`,
    given: preset,
    expected: 'the name of a preset',
  });
}

function requireDistinct(arms: readonly Arm[], given: readonly string[]): void {
  const names = arms.map(({ name }) => name.toLowerCase());
  const problems = arms.flatMap(({ name }, index): ConfigProblem[] =>
    names.indexOf(names[index]!) === index
      ? []
      : [
          {
            kind: 'impossible combination',
            path: `arms.${name}`,
            origin: given.join(' '),
            given: name,
            expected: 'a name for each arm, capitals aside',
            suggestion: 'Give one of the configurations another name',
          },
        ],
  );
  if (problems.length > 0) throw new ConfigError(problems);
}

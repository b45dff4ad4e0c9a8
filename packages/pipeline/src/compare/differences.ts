import { leafPaths, valueAt } from '../config/layers.js';
import type { Config } from '../config/schema.js';

/** Settings that do not decide what a run learns: what it is called, and how a machine shares its work. */
const INCIDENTAL = new Set(['name', 'engine.threads', 'data.workers', 'data.prefetch']);

/** A setting that two configurations have different values for; undefined is none. */
export interface Difference {
  readonly path: string;
  readonly values: readonly [first: unknown, second: unknown];
}

/** Where two configurations differ in what decides what a run learns. */
export function differences(first: Config, second: Config): Difference[] {
  const paths = new Set([...leafPaths(first), ...leafPaths(second)]);
  return [...paths].flatMap((path) => {
    const values = [first, second].map((config) => valueAt(config, path.split('.'))) as [unknown, unknown];
    const isSame = JSON.stringify(values[0]) === JSON.stringify(values[1]);
    return isSame || INCIDENTAL.has(path) ? [] : [{ path, values }];
  });
}

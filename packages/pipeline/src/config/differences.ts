import { leafPaths, valueAt } from './layers.js';
import type { Config } from './schema.js';

/** Settings that do not decide what a run learns: what it is called, and how a machine shares its work. */
const INCIDENTAL = new Set(['name', 'engine.threads', 'data.workers', 'data.prefetch']);

/** The settings of evaluators that judge an encoder once it is trained, and only then. */
export const JUDGING = ['svm', 'lowShot', 'linearProtocol', 'semiSupervised'] as const;

function isOfJudging(path: string): boolean {
  return JUDGING.some((name) => path.startsWith(`evaluation.${name}.`));
}

/** A setting that two configurations have different values for; undefined is none. */
export interface Difference {
  readonly path: string;
  readonly values: readonly [first: unknown, second: unknown];
}

/**
 * Where two configurations differ, by default in what decides what a run learns.
 *
 * @param isIncidental whether a setting may differ, by its dotted path
 */
export function differences(
  first: Config,
  second: Config,
  isIncidental: (path: string) => boolean = (path) => INCIDENTAL.has(path) || isOfJudging(path),
): Difference[] {
  const paths = new Set([...leafPaths(first), ...leafPaths(second)]);
  return [...paths].flatMap((path) => {
    const values = [first, second].map((config) => valueAt(config, path.split('.'))) as [unknown, unknown];
    const isSame = JSON.stringify(values[0]) === JSON.stringify(values[1]);
    return isSame || isIncidental(path) ? [] : [{ path, values }];
  });
}

/** A difference as a line for people. */
export function differenceInWords({ path, values }: Difference): string {
  const [before, now] = values.map((value) => (value === undefined ? 'not set' : JSON.stringify(value)));
  return `${path} was ${before}, is ${now}`;
}

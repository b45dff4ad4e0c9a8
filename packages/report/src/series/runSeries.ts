import { objectOf, textOf } from '../jsonValues.js';
import type { JsonObject, JsonValue } from '../reportInput.js';

/** Where a number comes from; figures are shown in this order. */
export const SERIES_GROUPS = ['evaluation', 'training', 'E-step', 'epoch'] as const;
export type SeriesGroup = (typeof SERIES_GROUPS)[number];

/** One number of a run over its course. */
export interface Series {
  readonly group: SeriesGroup;
  /** As the log has it. */
  readonly name: string;
  readonly points: readonly SeriesPoint[];
}

export type SeriesPoint = readonly [epochs: number, value: number];

/** The numbers of one entry of a log. */
export interface LoggedNumbers {
  readonly entry: JsonObject;
  readonly group: SeriesGroup;
  /** Trained so far, the current one in part. */
  readonly epochs: number;
  /** The same in steps. */
  readonly step: number;
  readonly numbers: readonly (readonly [name: string, value: number])[];
}

const GROUP_OF: Readonly<Record<string, SeriesGroup>> = {
  evaluation: 'evaluation',
  step: 'training',
  expectation: 'E-step',
  epoch: 'epoch',
};

/** What says where an entry is rather than what was measured. */
const PLACES = new Set(['epoch', 'epochs', 'step', 'steps', 'stepsPerEpoch']);

/**
 * Every number that a log has, in its order. A run that went on from an older checkpoint measured again
 * what came after it; what it had measured before is left out.
 */
export function loggedNumbers(log: readonly JsonObject[]): LoggedNumbers[] {
  let found: LoggedNumbers[] = [];
  let stepsPerEpoch = 1;
  for (const entry of log) {
    stepsPerEpoch = numberOf(entry['stepsPerEpoch']) ?? stepsPerEpoch;
    const step = (numberOf(entry['epoch']) ?? 0) * stepsPerEpoch + (numberOf(entry['step']) ?? 0);
    if (entry['type'] === 'start') {
      found = found.filter((before) => before.step <= step);
      continue;
    }
    const group = GROUP_OF[textOf(entry['type'])];
    if (group === undefined) continue;
    const numbers = [...numbersOf(entry)];
    if (numbers.length > 0) found.push({ entry, group, epochs: step / stepsPerEpoch, step, numbers });
  }
  return found;
}

/** Every number that a log has, as series over the epochs trained. */
export function seriesOfLog(log: readonly JsonObject[]): Series[] {
  const found = new Map<string, { group: SeriesGroup; name: string; points: SeriesPoint[] }>();
  for (const { group, epochs, numbers } of loggedNumbers(log)) {
    for (const [name, value] of numbers) {
      const key = `${group}\n${name}`;
      const series = found.get(key) ?? { group, name, points: [] };
      found.set(key, series);
      series.points.push([epochs, value]);
    }
  }
  return [...found.values()];
}

function* numbersOf(entry: JsonObject): Generator<readonly [string, number]> {
  for (const [name, value] of Object.entries(entry)) {
    if (PLACES.has(name)) continue;
    if (name === 'residentBytes' && typeof value === 'number') {
      yield ['resident memory (MiB)', value / 2 ** 20];
    } else if (typeof value === 'number') yield [name, value];
    else if (name === 'figures') {
      for (const [figure, measured] of Object.entries(objectOf(value) ?? {})) {
        if (typeof measured === 'number') yield [figure, measured];
      }
    }
  }
}

function numberOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/**
 * A series of at most so many points, each the mean of neighbouring ones.
 *
 * @param limit at least 1
 */
export function thinned(points: readonly SeriesPoint[], limit: number): readonly SeriesPoint[] {
  if (points.length <= limit) return points;
  const width = Math.ceil(points.length / limit);
  const means: SeriesPoint[] = [];
  for (let start = 0; start < points.length; start += width) {
    const part = points.slice(start, start + width);
    const mean = (axis: 0 | 1) => part.reduce((sum, point) => sum + point[axis], 0) / part.length;
    means.push([mean(0), mean(1)]);
  }
  return means;
}

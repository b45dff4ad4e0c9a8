import { trainerError } from '../errors.js';
import type { TrainingSource } from '../source.js';
import type { JsonValue } from '../state.js';
import type { Checkpoint } from './checkpoint.js';

/** What a run is made of besides its settings: a checkpoint goes on with the same alone. */
export interface RunIdentity {
  readonly steps: StepsIdentity;
  /** The caller's, such as names, sizes and digests of images; null where none was given. */
  readonly data: JsonValue;
}

/** What a position in a run counts. */
interface StepsIdentity {
  readonly images: number;
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly accumulate: number;
}

/** Tells in what the configuration of a checkpoint differs from that of the run, a line for each difference. */
export type ConfigDifferences = (config: JsonValue) => readonly string[];

/** More lines than this are counted only. */
const MOST_LINES = 12;
const DIGEST = /^[0-9a-f]{16,}$/;

export function runIdentity(source: TrainingSource, accumulate: number, data: JsonValue): RunIdentity {
  const { size, batchSize, stepsPerEpoch } = source;
  return { steps: { images: size, batchSize, stepsPerEpoch, accumulate }, data };
}

/**
 * Requires that a checkpoint was made of what a run is made of.
 *
 * @returns whether that could be told: not of a checkpoint without an identity, of which only the
 *   configuration can be compared
 * @throws {ProtoclError} `CHECKPOINT_MISMATCH` that names what differs
 */
export function requireSameIdentity(
  { identity, config }: Pick<Checkpoint, 'identity' | 'config'>,
  own: RunIdentity,
  configDifferences: ConfigDifferences | undefined,
): boolean {
  const lines = [...(configDifferences?.(config) ?? [])];
  if (identity) {
    lines.push(
      ...differing('steps', identity.steps, own.steps),
      ...differing('data', identity.data, own.data),
    );
  }
  if (lines.length === 0) return identity !== undefined;
  const shown = lines.slice(0, MOST_LINES);
  if (lines.length > MOST_LINES) shown.push(`and ${lines.length - MOST_LINES} more`);
  throw trainerError('CHECKPOINT_MISMATCH', {
    message: ['the checkpoint was made with other settings or images', ...shown].join('\n  '),
    expected: 'the settings and images that it was made with',
    remedy: 'Put them back as they were, or begin a new run in another folder',
  });
}

/** Where two values differ, a line for each place. */
function differing(path: string, before: unknown, now: unknown): string[] {
  if (isObject(before) && isObject(now)) {
    const names = new Set([...Object.keys(before), ...Object.keys(now)]);
    return [...names].flatMap((name) => differing(`${path}.${name}`, own(before, name), own(now, name)));
  }
  const [was, is] = [JSON.stringify(before), JSON.stringify(now)];
  if (was === is) return [];
  if (before === undefined) return [`${path} was not there`];
  if (now === undefined) return [`${path} is no longer there`];
  // What a digest is says nothing.
  if (isDigest(before) && isDigest(now)) return [`${path} differs`];
  return [`${path} was ${brief(before, was)}, is ${brief(now, is)}`];
}

/** A name such as `__proto__` is inherited where it is not the object's own. */
function own(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDigest(value: unknown): boolean {
  return typeof value === 'string' && DIGEST.test(value);
}

function brief(value: unknown, json: string | undefined): string {
  return isObject(value) ? 'there' : String(json);
}

import type { z } from 'zod';

import { trainerError } from '../errors.js';
import { parseOptions } from '../parseOptions.js';

/** A value that cannot work with what it meets. */
export interface OptionProblem {
  /** The option's key, such as `granularities.2`. */
  readonly path: string;
  readonly message: string;
  readonly given: unknown;
  readonly expected: string;
  readonly remedy: string;
}

/** The numbers of a source that options have to fit. */
export interface SourceSize {
  /** Images in the data set. */
  readonly size: number;
  /** Images of a batch. */
  readonly batchSize: number;
}

/**
 * A method's options with their defaults filled in.
 *
 * @param what the function that was given them
 * @param problemsOf what is impossible about options that are right by themselves
 * @throws {ProtoclError} `UNKNOWN_OPTION`; `INVALID_OPTION` of the first thing that is wrong
 */
export function requirePossible<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  options: unknown,
  problemsOf: (parsed: z.output<Schema>) => readonly OptionProblem[] = () => [],
): z.output<Schema> {
  const parsed = parseOptions(what, schema, options);
  const [problem] = problemsOf(parsed);
  if (problem !== undefined) {
    const { path, message, given, expected, remedy } = problem;
    throw trainerError('INVALID_OPTION', { message: `${path}: ${message}`, given, expected, remedy });
  }
  return parsed;
}

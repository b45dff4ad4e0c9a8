import { ProtoclError } from './errors.js';
import { nearestWord } from './nearestWord.js';

export { nearestWord };

/** What {@link requireKnownOptions} throws. */
export type OptionsErrorCode =
  /** A function was given an option that it does not have. */
  | 'UNKNOWN_OPTION'
  /** Something else stands where an object of options belongs. */
  | 'INVALID_OPTIONS';

/** The names of all options of an interface; the compiler refuses a list that lacks one. */
export type OptionNames<Options extends object> = { readonly [Name in keyof Required<Options>]: true };

/**
 * Refuses options that a function does not have: a misspelt one would otherwise be ignored, and its
 * default used in silence.
 *
 * @param what the function, as the message names it
 * @param options what the caller gave; only its own keys count
 * @param known the names of the function's options
 * @throws {ProtoclError} `UNKNOWN_OPTION` with the nearest name; `INVALID_OPTIONS` if it isn't an object
 */
export function requireKnownOptions<Options extends object>(
  what: string,
  options: Options | undefined,
  known: OptionNames<Options>,
): void {
  if (options === undefined) return;
  // A caller without types can pass anything.
  const given: unknown = options;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new ProtoclError<OptionsErrorCode>('INVALID_OPTIONS', {
      message: `${what} takes an object of options`,
      given,
      expected: `{ ${Object.keys(known).join(', ')} }`,
    });
  }
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  const names = Object.keys(known);
  const meant = nearestWord(unknown, names);
  throw new ProtoclError<OptionsErrorCode>('UNKNOWN_OPTION', {
    message: `${what} has no such option`,
    given: unknown,
    expected: names.length === 0 ? 'no options' : `one of ${names.join(', ')}`,
    ...(meant !== undefined && { remedy: `Did you mean ${meant}?` }),
  });
}

import { TorchBackendError } from './errors.js';

/**
 * Refuses options that a function does not have. As `@protocl/core` does for the other packages, of which this one
 * depends on none; the options are few, so the message names them all.
 *
 * @param known the names of the function's options; the compiler refuses a list that lacks one
 * @throws TorchBackendError `UNKNOWN_OPTION`
 */
export function requireKnownOptions<Options extends object>(
  what: string,
  options: Options,
  known: { readonly [Name in keyof Required<Options>]: true },
): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown === undefined) return;
  throw new TorchBackendError('UNKNOWN_OPTION', {
    message: `${what} has no option ${unknown}.`,
    given: unknown,
    expected: `one of ${Object.keys(known).join(', ')}`,
  });
}

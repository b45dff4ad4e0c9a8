import { requireKnownOptions } from '@protocl/core';
import { z } from 'zod';

import { trainerError } from './errors.js';

/** The names of a schema's options. */
export function namesOf<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
): { readonly [Name in keyof Shape]: true } {
  const names = Object.keys(schema.shape).map((name) => [name, true]);
  return Object.fromEntries(names) as { [Name in keyof Shape]: true };
}

/**
 * Options with their defaults filled in.
 *
 * @param what the function that was given them, as messages name it
 * @throws {ProtoclError} `UNKNOWN_OPTION` with the nearest name, `INVALID_OPTIONS`; `INVALID_OPTION` of the
 *   first value that is wrong
 */
export function parseOptions<Schema extends z.ZodType>(
  what: string,
  schema: Schema,
  options: unknown,
): z.output<Schema> {
  requireKnown(what, schema, options);
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw trainerError('INVALID_OPTION', {
    message: `${what}: ${path.length === 0 ? '' : `${path.join('.')}: `}${message}`,
    given: options,
    cause: parsed.error,
  });
}

/** The options of one kind, for a function that makes that kind alone. */
export function withoutKind<Options extends { readonly kind: string }>(
  options: Options,
): Omit<Options, 'kind'> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => name !== 'kind')) as Omit<
    Options,
    'kind'
  >;
}

/** What a caller without types can pass as options that are told apart by `kind`. */
export function unknownKind(what: string, options: never, kinds: readonly string[]): Error {
  return trainerError('INVALID_OPTION', {
    message: `${what} knows no such kind`,
    given: (options as { readonly kind?: unknown } | undefined)?.kind,
    expected: `one of ${kinds.join(', ')}`,
  });
}

/** Also of the objects of options among them. */
function requireKnown(what: string, schema: z.core.$ZodType, options: unknown): void {
  const inner = unwrapped(schema);
  if (!(inner instanceof z.ZodObject) || options === undefined) return;
  requireKnownOptions<Record<string, unknown>>(what, options as Record<string, unknown>, namesOf(inner));
  for (const [name, value] of Object.entries(options as object)) {
    requireKnown(`${what}.${name}`, inner.shape[name] as z.core.$ZodType, value);
  }
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapped ? unwrapped(schema.unwrap()) : schema;
}

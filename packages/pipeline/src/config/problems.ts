import { isShallow, ProtoclError } from '@protocl/core';
import type * as z from 'zod';

import { isPlainObject, leafPaths, valueAt, type ConfigLayer, type MergedLayers } from './layers.js';
import { nearestWord } from '@protocl/core/options';
import { AUTO } from './sections/automatic.js';

/** One thing that is wrong with a configuration. */
export interface ConfigProblem {
  readonly kind: 'unknown key' | 'wrong value' | 'missing' | 'impossible combination';
  /** Dotted, such as `method.granularities.0`. */
  readonly path: string;
  /** Where the value was written down; undefined for what was not. */
  readonly origin?: string;
  /** The offending value. */
  readonly given?: unknown;
  readonly expected: string;
  /** What to write instead. */
  readonly suggestion?: string;
}

/** A configuration that was refused: everything that is wrong with it at once. */
export class ConfigError extends ProtoclError<'INVALID_CONFIG'> {
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    const heading =
      problems.length === 1
        ? 'the configuration cannot be used'
        : `the configuration has ${problems.length} problems`;
    super('INVALID_CONFIG', {
      message: [heading, ...problems.map((problem) => `  ${inWords(problem)}`)].join('\n'),
    });
    this.problems = problems;
  }
}

function inWords({ kind, path, origin, given, expected, suggestion }: ConfigProblem): string {
  const where = path === '' ? 'the configuration' : path;
  const from = origin === undefined ? '' : ` (from ${origin})`;
  const value = given === undefined || kind === 'unknown key' ? '' : `, given ${described(given)}`;
  const advice = suggestion === undefined ? '' : ` ${suggestion.replace(/[^?.]$/, '$&.')}`;
  return `${where}: ${kind}${from}${value}.${advice} Expected ${expected}.`;
}

/** A value as JSON where it can be: a module can export what cannot. */
function described(value: unknown): string {
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    return String(value);
  }
}

/**
 * Requires that a layer is one: what a file or a checkpoint holds in the place of a configuration need not be.
 *
 * @throws {ConfigError} `INVALID_CONFIG` if it has no keys and values, or is nested without end
 */
export function requireSettings({ origin, values }: ConfigLayer): void {
  const problem = { path: '', origin };
  // A checkpoint or a file of JSON can hold anything at all.
  const given: unknown = values;
  if (!isPlainObject(given)) {
    const kind = given === undefined ? 'missing' : 'wrong value';
    throw new ConfigError([{ ...problem, kind, expected: 'keys and values' }]);
  }
  if (isShallow(given)) return;
  const expected = 'at most 100 objects and lists within each other, and none that contains itself';
  throw new ConfigError([{ ...problem, kind: 'wrong value', expected }]);
}

/** What zod found wrong, with the keys and values that were probably meant. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  { values, origins }: MergedLayers,
  known: Readonly<Record<string, unknown>>,
): ConfigProblem[] {
  return issues.flatMap((issue): ConfigProblem[] => {
    const path = issue.path.map(String).join('.');
    const origin = originOf(path, origins);
    const from = origin === undefined ? {} : { origin };
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) =>
        unknownKey(path, key, origins, keysAt(known, values, issue.path), known),
      );
    }
    const given = valueAt(values, issue.path);
    const otherwise = beside(AUTO, issue);
    if (otherwise !== undefined) {
      const suggestion = typeof given === 'string' ? nearestWord(given, [AUTO]) : undefined;
      return problemsOf(otherwise, { values, origins }, known).map((problem) =>
        problem.path !== path
          ? problem
          : {
              ...problem,
              expected: `${problem.expected}, or ${AUTO}`,
              ...(suggestion !== undefined && { suggestion: `Did you mean ${suggestion}?` }),
            },
      );
    }
    const expected = expectation(issue);
    if (given === undefined) return [{ kind: 'missing', path, ...from, expected }];
    const suggestion = typeof given === 'string' ? nearestWord(given, choicesOf(issue)) : undefined;
    const advice = suggestion === undefined ? {} : { suggestion: `Did you mean ${suggestion}?` };
    return [{ kind: 'wrong value', path, ...from, given, expected, ...advice }];
  });
}

function unknownKey(
  parent: string,
  key: string,
  origins: Readonly<Record<string, string>>,
  siblings: readonly string[],
  schema: Readonly<Record<string, unknown>>,
): ConfigProblem {
  const path = parent === '' ? key : `${parent}.${key}`;
  const sibling = nearestWord(key, siblings);
  // The key itself is known where another kind of this object has it.
  const elsewhere = allKeys(schema).filter((known) => known.split('.').at(-1) === key && known !== path);
  const meant = sibling === undefined ? elsewhere : [parent === '' ? sibling : `${parent}.${sibling}`];
  const kinds = kindsWith(schema, parent, key).map((kind) => `${parent}.kind=${kind}`);
  const origin = originOf(path, origins);
  return {
    kind: 'unknown key',
    path,
    ...(origin !== undefined && { origin }),
    given: key,
    expected: siblings.length === 0 ? 'no keys here' : `one of ${siblings.join(', ')}`,
    ...(meant.length > 0 && { suggestion: `Did you mean ${meant.join(' or ')}?` }),
    ...(kinds.length > 0 && { suggestion: `It goes with ${kinds.join(' or ')}` }),
  };
}

/** The origin of a value, or of the first one inside it. */
export function originOf(path: string, origins: Readonly<Record<string, string>>): string | undefined {
  for (let outer = path; outer !== ''; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
    if (Object.hasOwn(origins, outer)) return origins[outer];
  }
  const inner = Object.keys(origins).find((known) => known.startsWith(`${path}.`));
  return inner === undefined ? undefined : origins[inner];
}

function choicesOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String);
  // zod's type leaves out what a union that is told apart by one key adds.
  const { options } = issue as { readonly options?: unknown };
  return issue.code === 'invalid_union' && Array.isArray(options) ? options.map(String) : [];
}

/** Of what is a word or else something that has a form: what is wrong with the form. */
function beside(word: string, issue: z.core.$ZodIssue): z.core.$ZodIssue[] | undefined {
  if (issue.code !== 'invalid_union' || issue.errors.length !== 2) return undefined;
  const [ofWord, otherwise] = issue.errors as [z.core.$ZodIssue[], z.core.$ZodIssue[]];
  if (choicesOf(ofWord[0]!).join() !== word) return undefined;
  return otherwise.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function expectation(issue: z.core.$ZodIssue): string {
  const choices = choicesOf(issue);
  if (choices.length > 0) return choices.length === 1 ? choices[0]! : `one of ${choices.join(', ')}`;
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : withArticle(issue.expected);
    case 'too_small':
      if (issue.origin === 'array') return `at least ${issue.minimum} of them`;
      if (issue.origin === 'string') return 'text that is not empty';
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'array') return `at most ${issue.maximum} of them`;
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    default:
      return issue.message.replace(/^expected /, '');
  }
}

function withArticle(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

type JsonSchema = Readonly<Record<string, unknown>>;

/** The schema's keys at a path; of several kinds, those of the kind that the values name. */
function keysAt(schema: JsonSchema, values: unknown, path: readonly PropertyKey[]): string[] {
  let at: JsonSchema | undefined = schema;
  const walked: PropertyKey[] = [];
  for (const key of path) {
    at = propertiesOf(at, valueAt(values, walked))[String(key)];
    walked.push(key);
    if (at === undefined) return [];
  }
  return Object.keys(propertiesOf(at, valueAt(values, walked)));
}

function propertiesOf(schema: JsonSchema, value: unknown): Record<string, JsonSchema> {
  const variants = schema['oneOf'] as JsonSchema[] | undefined;
  const chosen = variants?.find((variant) => {
    const kind = (variant['properties'] as Record<string, JsonSchema>)['kind'];
    return kind?.['const'] === valueAt(value, ['kind']);
  });
  return ((chosen ?? schema)['properties'] ?? {}) as Record<string, JsonSchema>;
}

/** The kinds of a section whose settings have a key. */
function kindsWith(schema: JsonSchema, section: string, key: string): string[] {
  const variants = propertiesOf(schema, undefined)[section]?.['oneOf'] as JsonSchema[] | undefined;
  return (variants ?? []).flatMap((variant) => {
    const properties = variant['properties'] as Record<string, JsonSchema>;
    return Object.hasOwn(properties, key) ? [String(properties['kind']?.['const'])] : [];
  });
}

/** The dotted paths of all keys that a schema knows. */
function allKeys(schema: JsonSchema, prefix = ''): string[] {
  const variants = (schema['oneOf'] as JsonSchema[] | undefined) ?? [schema];
  const keys = variants.flatMap((variant) =>
    Object.entries((variant['properties'] ?? {}) as Record<string, JsonSchema>).flatMap(([key, inner]) => [
      `${prefix}${key}`,
      ...allKeys(inner, `${prefix}${key}.`),
    ]),
  );
  return [...new Set(keys)];
}

/** Paths for which no layer gave a value: the schema's defaults. */
export function defaultedPaths(
  config: Readonly<Record<string, unknown>>,
  origins: Readonly<Record<string, string>>,
): string[] {
  return leafPaths(config).filter((path) => origins[path] === undefined);
}

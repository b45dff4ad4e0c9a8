import { describe, expect, test } from '@jest/globals';

import { publicFunctions, type PublicFunction } from '../publicFunctions.js';
import { readmeOptions } from '../readmeOptions.js';

const PACKAGES = [
  'core',
  'tfjs-backend-torch',
  'backend',
  'losses',
  'momentum',
  'encoders',
  'augment',
  'datasets',
  'clustering',
  'evaluators',
  'trainer',
  'report',
  'pipeline',
];

/** It depends on no other package, and names all options in place of the nearest. */
const WITHOUT_NEAREST = 'tfjs-backend-torch';

const functions = publicFunctions(PACKAGES);

type AnyFunction = (...args: unknown[]) => unknown;
type AnyClass = new (...args: unknown[]) => unknown;

/** The error of a call with one option, misspelt, and nothing else: options are looked at first. */
async function errorOf(
  folder: string,
  { name, isClass, place, kind }: PublicFunction,
  option: string,
): Promise<unknown> {
  const exports: unknown = await import(`@protocl/${folder}`);
  const called = name
    .split('.')
    .reduce((within, key) => (within as Record<string, unknown>)[key], exports) as AnyFunction;
  const args = [...new Array<undefined>(place), { ...kind, [option]: 1 }];
  try {
    const result: unknown = isClass ? new (called as never as AnyClass)(...args) : called(...args);
    // A generator begins with the first value that is asked of it.
    await (isIterator(result) ? result.next() : result);
    return undefined;
  } catch (error) {
    return error;
  }
}

function isIterator(value: unknown): value is Iterator<unknown> {
  return typeof value === 'object' && value !== null && 'next' in value;
}

describe.each(PACKAGES)('options of @protocl/%s', (folder) => {
  const inPackage = functions.get(folder)!;
  const described = readmeOptions(folder);

  test.each(inPackage.map((each) => [each.name, each] as const))(
    '%s refuses one that is misspelt, and tells which was meant',
    async (_, each) => {
      for (const { name } of each.options.filter(({ name: option }) => !(option in each.kind))) {
        // One letter too many.
        const given = `${name[0]}${name}`;
        const error = await errorOf(folder, each, given);
        expect(error).toMatchObject({ code: 'UNKNOWN_OPTION', given });
        expect(error).toMatchObject(
          folder === WITHOUT_NEAREST
            ? { expected: expect.stringContaining(name) }
            : { remedy: `Did you mean ${name}?` },
        );
      }
    },
  );

  test('are those that its README describes, with their defaults', () => {
    const sorted = (names: readonly string[]) => names.toSorted().join(' ');
    const inReadme = Object.fromEntries(
      Array.from(described, ([name, options]) => [
        name,
        {
          required: sorted(
            options.filter(({ byDefault }) => byDefault === 'required').map((option) => option.name),
          ),
          optional: sorted(
            options
              .filter(({ byDefault }) => !['required', ''].includes(byDefault))
              .map((option) => option.name),
          ),
        },
      ]),
    );
    expect(inReadme).toEqual(
      Object.fromEntries(
        inPackage
          .filter(({ kind }) => Object.keys(kind).length === 0)
          .map(({ name, options }) => [
            name,
            {
              required: sorted(options.filter((option) => option.isRequired).map((option) => option.name)),
              optional: sorted(options.filter((option) => !option.isRequired).map((option) => option.name)),
            },
          ]),
      ),
    );
  });
});

import { printable } from '@protocl/core';

import { pipelineError } from '../errors.js';

/** Names that an error lists of each kind. */
const MOST_NAMES = 5;

/**
 * Requires that a label means the same class among training images and held-out ones. Names that differ in
 * Unicode's composition alone are the same.
 *
 * @throws {ProtoclError} `DATA_MISMATCH`, which says in what they differ
 */
export function requireSameClasses(train: readonly string[], test: readonly string[] | undefined): void {
  if (test === undefined) return;
  const [known, asked] = [train.map((name) => name.normalize()), test.map((name) => name.normalize())];
  const longer = known.length > asked.length ? known : asked;
  const first = longer.findIndex((_, label) => known[label] !== asked[label]);
  if (first === -1) return;
  const sides = [
    ['only among the training images', known.filter((name) => !asked.includes(name))],
    ['only among the held-out ones', asked.filter((name) => !known.includes(name))],
  ] as const;
  const differing = sides.filter(([, names]) => names.length > 0);
  const order = `the same names, but number ${first} is ${quoted(known[first])} there and ${quoted(asked[first])} here`;
  throw pipelineError('DATA_MISMATCH', {
    message: 'the training images and the held-out ones have different classes',
    given:
      differing.length === 0
        ? order
        : differing.map(([where, names]) => `${where}: ${listed(names)}`).join('; '),
    expected: 'sub-folders of the same names',
    remedy: 'Rename the folders, or make an empty one for a class that has no images',
  });
}

function listed(names: readonly string[]): string {
  const rest = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).map(quoted).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** In quotes, so that spaces at an end are seen. */
function quoted(name: string | undefined): string {
  return name === undefined ? 'missing' : `"${printable(name)}"`;
}

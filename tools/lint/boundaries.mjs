import { readFileSync } from 'node:fs';

/**
 * What each package may import of the others, lowest package first.
 *
 * @type {Record<string, string[]>}
 */
export const boundaries = JSON.parse(readFileSync(new URL('boundaries.json', import.meta.url), 'utf8'));

/** The table as constraints of `@nx/enforce-module-boundaries`; every package carries the tag `package:NAME`. */
export const depConstraints = [
  ...Object.entries(boundaries).map(([name, imports]) => ({
    sourceTag: `package:${name}`,
    onlyDependOnLibsWithTags: [name, ...imports].map((imported) => `package:${imported}`),
  })),
  { sourceTag: 'tools', onlyDependOnLibsWithTags: ['*'] },
];

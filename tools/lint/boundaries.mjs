import { readFileSync } from 'node:fs';

/**
 * What each package may import of the others, lowest package first.
 *
 * @type {Record<string, string[]>}
 */
export const boundaries = JSON.parse(readFileSync(new URL('boundaries.json', import.meta.url), 'utf8'));

/** The table as constraints of `@nx/enforce-module-boundaries`; every package carries the tag `package:NAME`. */
export const depConstraints = constraints([]);

/** What holds in tests: whatever a package computes, its tests start an engine to compute it on. */
export const testConstraints = constraints(['core', 'backend', 'tfjs-backend-torch']);

/** @param {readonly string[]} everywhere what any package may import besides */
function constraints(everywhere) {
  return [
    ...Object.entries(boundaries).map(([name, imports]) => ({
      sourceTag: `package:${name}`,
      onlyDependOnLibsWithTags: [name, ...imports, ...everywhere].map((imported) => `package:${imported}`),
    })),
    { sourceTag: 'tools', onlyDependOnLibsWithTags: ['*'] },
  ];
}

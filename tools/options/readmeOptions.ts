import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { workspaceRoot } from '../setup/workspace.mjs';

/** An option as a README describes it. */
export interface DescribedOption {
  readonly name: string;
  /** `required`, or what is taken where it is left out. */
  readonly byDefault: string;
}

const CODE = /`([^`]+)`/g;

/**
 * The options that a package's README describes, by function: the table under its heading `Options`, whose columns are
 * functions, option, default and meaning. A function stands for the rows below it, up to the next; a cell can name
 * several that have the same options. Options within an option, such as `head.kind`, are left out.
 */
export function readmeOptions(folder: string): ReadonlyMap<string, readonly DescribedOption[]> {
  const readme = readFileSync(join(workspaceRoot, 'packages', folder, 'README.md'), 'utf8');
  const [, section = ''] = readme.split(/^## Options$/m);
  const options = new Map<string, DescribedOption[]>();
  let functions: string[] = [];
  for (const line of section.split(/^## /m)[0]!.split('\n')) {
    if (!/^\| *[`|]/.test(line)) continue;
    // A bar within a cell is escaped.
    const [named, option, byDefault] = line
      .split(/(?<!\\)\|/)
      .slice(1)
      .map((cell) => cell.trim()) as [string, string, string];
    if (named !== '') functions = namesIn(named);
    for (const name of functions) {
      const own = namesIn(option).filter((each) => !each.includes('.'));
      const described = own.map((each) => ({ name: each, byDefault }));
      options.set(name, [...(options.get(name) ?? []), ...described]);
    }
  }
  return options;
}

function namesIn(cell: string): string[] {
  return Array.from(cell.matchAll(CODE), ([, name]) => name!);
}

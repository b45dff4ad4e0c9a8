import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { workspaceRoot } from '../../setup/workspace.mjs';
import { boundaries } from '../boundaries.mjs';

interface Manifest {
  name: string;
  description?: string;
  license?: string;
  type?: string;
  engines?: Record<string, string>;
  exports?: Record<string, Entry | string>;
  imports?: Record<string, Entry>;
  files?: string[];
  scripts?: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  nx?: { tags?: string[] };
}

/** Where TypeScript, this repository and everybody else find a file, and what browsers get in its place. */
type Entry = Record<'types' | '@protocl/source' | 'default', string> & { browser?: Record<string, string> };

interface Project {
  references: { path: string }[];
}

const names = readdirSync(join(workspaceRoot, 'packages'), { withFileTypes: true })
  .filter(
    (entry) =>
      entry.isDirectory() && readdirSync(join(entry.parentPath, entry.name)).includes('package.json'),
  )
  .map((entry) => entry.name);

function read(...path: string[]): string {
  return readFileSync(join(workspaceRoot, ...path), 'utf8');
}

/** A tsconfig.json, which may have comments. */
function readProject(...path: string[]): Project {
  const { config } = ts.parseConfigFileTextToJson(join(...path), read(...path)) as { config: Project };
  return config;
}

/** The conditions are tried in their order, so browsers come before everybody. */
function expectEntry({ browser, ...entry }: Entry): void {
  expect(Object.keys(entry)).toEqual(['types', '@protocl/source', 'default']);
  if (browser !== undefined) expect(Object.keys(browser)).toEqual(Object.keys(entry));
}

function protoclNames(dependencies: Record<string, string> = {}): string[] {
  return Object.keys(dependencies)
    .filter((name) => name.startsWith('@protocl/'))
    .map((name) => name.slice('@protocl/'.length));
}

const template = JSON.parse(
  read('tools', 'generators', 'package', 'files', 'package.json.template')
    .replaceAll(/<%- .*? %>/g, '""')
    .replaceAll(/<%= .*? %>/g, 'name'),
) as Manifest;

describe.each(names)('packages/%s', (name) => {
  const manifest = JSON.parse(read('packages', name, 'package.json')) as Manifest;

  test('has the manifest that the generator writes', () => {
    expect(manifest).toMatchObject({
      name: `@protocl/${name}`,
      description: expect.stringMatching(/\S/),
      license: template.license,
      type: template.type,
      engines: template.engines,
      scripts: {
        ...template.scripts,
        // A package may have more projects to check, such as that of scripts for a browser.
        typecheck: expect.stringMatching(`^${template.scripts!['typecheck']!}( |$)`),
      },
      files: expect.arrayContaining(template.files!),
      nx: { tags: [`package:${name}`] },
    });
    for (const [path, entry] of Object.entries(manifest.exports!)) {
      if (typeof entry === 'string') expect(path).toBe('./package.json');
      else expectEntry(entry);
    }
    for (const entry of Object.values(manifest.imports ?? {})) expectEntry(entry);
  });

  test('has a licence, a README and a changelog', () => {
    expect(read('packages', name, 'LICENSE')).toBe(read('LICENSE'));
    expect(read('packages', name, 'README.md')).toContain(`@protocl/${name}`);
    expect(read('packages', name, 'CHANGELOG.md')).not.toBe('');
  });

  test('is in the boundaries, the references and the README', () => {
    expect(Object.keys(boundaries)).toContain(name);
    const references = readProject('tsconfig.json').references.map(({ path }) => path);
    expect(references).toEqual(expect.arrayContaining([`packages/${name}`, `packages/${name}/test`]));
    expect(read('README.md')).toContain(`(packages/${name})`);
  });

  test('depends only on packages that it may import, and refers TypeScript to them', () => {
    const needed = protoclNames(manifest.dependencies);
    const usable = [...needed, ...protoclNames(manifest.peerDependencies)];
    const references = readProject('packages', name, 'tsconfig.json').references.map(({ path }) =>
      basename(path),
    );
    expect(boundaries[name]).toEqual(expect.arrayContaining(usable));
    expect(references).toEqual(expect.arrayContaining(needed));
    expect(usable).toEqual(expect.arrayContaining(references));
  });
});
